import { open } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../errors.ts";
import type { Database } from "../../query/database.ts";
import { quoteList, quoteName, quoteText } from "../../query/sql.ts";
import { readAt } from "../bytes.ts";
import type { ReaderContext } from "../input.ts";
import { columnsHolding } from "./schema-checks.ts";
import { readThrift } from "./thrift.ts";

const ZONED_NANOSECONDS = "logical_type LIKE 'TimestampType(isAdjustedToUTC=1%NANOS=NanoSeconds%'";

/**
 * The relation with times in nanoseconds and a zone, as pandas writes them, as TIMESTAMP_NS in UTC: the engine reads
 * them in microseconds, and drops the rest. It reads such columns from twins of the files, whose schema has no zone.
 * `sources` are in the order of the relation's rows.
 */
export async function exactTimes(
  { database, scratch }: ReaderContext,
  sources: readonly { path: string }[],
  relation: string,
): Promise<string> {
  const columns = new Set<string>();
  const files: string[] = [];
  for (const [at, { path }] of sources.entries()) {
    const own = await columnsHolding(database, path, ZONED_NANOSECONDS);
    const twin = join(scratch, `times-${at}.parquet`);
    if (own.size > 0) await writeTwin(path, twin, await findRanges(database, path, own));
    files.push(own.size > 0 ? twin : path);
    for (const name of own) columns.add(name);
  }
  if (columns.size === 0) return relation;
  const names = Array.from(columns, quoteName);
  const twins = `read_parquet(${quoteList(files)}, union_by_name = true, hive_partitioning = false)`;
  const replaced = names.map((name) => `twin.${name} AS ${name}`).join(", ");
  return `(SELECT rows.* REPLACE (${replaced}) FROM ${relation} AS rows
    POSITIONAL JOIN (SELECT ${names.join(", ")} FROM ${twins}) AS twin)`;
}

interface Range {
  from: number;
  bytes: number;
}

/** Where a file has the values of columns. */
async function findRanges(database: Database, path: string, columns: Iterable<string>): Promise<Range[]> {
  const ofColumns = Array.from(
    columns,
    (name) =>
      `(path_in_schema = ${quoteText(name)} OR starts_with(path_in_schema, ${quoteText(`${name}, `)}))`,
  );
  const chunks = await database.rows<{ data: number; dictionary: number; bytes: number }>(
    `SELECT data_page_offset AS data, coalesce(dictionary_page_offset, 0) AS dictionary, total_compressed_size AS bytes
    FROM parquet_metadata(${quoteText(path)}) WHERE ${ofColumns.join(" OR ")}`,
  );
  return chunks.map(({ data, dictionary, bytes }) => ({
    from: dictionary > 0 && dictionary < data ? dictionary : data,
    bytes,
  }));
}

const PIECE_BYTES = 4 << 20;
/** Length of the footer, and the magic. */
const TAIL_BYTES = 8;

/** Writes a file of the same size, with holes for everything but the ranges, and a footer without zones. */
async function writeTwin(path: string, twin: string, ranges: readonly Range[]): Promise<void> {
  await using source = await open(path);
  await using target = await open(twin, "wx");
  const { size } = await source.stat();
  await target.truncate(size);
  for (const { from, bytes } of [{ from: 0, bytes: 4 }, ...ranges]) {
    for (let at = from; at < from + bytes; at += PIECE_BYTES) {
      const piece = await readAt(source, at, Math.min(PIECE_BYTES, from + bytes - at));
      await target.write(piece, 0, piece.length, at);
    }
  }
  const tail = await readAt(source, size - TAIL_BYTES, TAIL_BYTES);
  const footerBytes = new DataView(tail.buffer, tail.byteOffset).getUint32(0, true);
  const footerAt = size - TAIL_BYTES - footerBytes;
  const footer = await readAt(source, footerAt, footerBytes);
  dropZones(footer, path);
  await target.write(Buffer.concat([footer, tail]), 0, footerBytes + TAIL_BYTES, footerAt);
}

/** TimestampType {1: isAdjustedToUTC = true, 2: {3: NanoSeconds {}}} in Thrift's compact protocol. */
const ZONED = Buffer.from([0x11, 0x1c, 0x3c, 0x00, 0x00, 0x00]);
const FALSE_FIELD = 0x12;

/** Makes the times in nanoseconds of a footer's schema, its second field, times without a zone. */
function dropZones(footer: Uint8Array, path: string): void {
  const ends = readThrift(footer)?.fieldEnds;
  const schema = Buffer.from(footer.buffer, footer.byteOffset, ends?.get(2) ?? 0);
  let dropped = 0;
  for (let at = schema.indexOf(ZONED, ends?.get(1) ?? 0); at >= 0; at = schema.indexOf(ZONED, at + 1)) {
    footer[at] = FALSE_FIELD;
    dropped++;
  }
  if (dropped > 0) return;
  throw new AppError(
    "unsupported_format",
    `${path} holds times with a zone in nanoseconds in an unusual way; write them without a zone, or in microseconds`,
    { details: { path } },
  );
}
