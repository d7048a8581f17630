import { AppError } from "../../errors.ts";
import type { Database } from "../../query/database.ts";
import { quoteText } from "../../query/sql.ts";
import { withFile } from "../bytes.ts";
import { unreadable } from "../read-failure.ts";
import { type ChunkRange, type Page, readPages } from "./pages.ts";

/** Nanoseconds of the day (8 bytes), and its Julian day. */
const VALUE_BYTES = 12;
const VALUES_AT_ONCE = 1024;
/** Encodings of pages that hold the values themselves; PLAIN_DICTIONARY does so in a dictionary. */
const PLAIN = 0;
const PLAIN_DICTIONARY = 2;

/**
 * Looks at times in INT96, an old form of nanoseconds that the engine reads in microseconds. Throws `unsupported_format`
 * naming the column where that would drop digits. Spark, which still writes them, has none.
 */
export async function checkOldTimes(database: Database, path: string): Promise<void> {
  for (const { column, range } of await oldTimes(database, path)) {
    if (!(await holdsFiner(path, range))) continue;
    throw new AppError(
      "unsupported_format",
      `${path}: the column ${JSON.stringify(column)} holds times finer than microseconds in INT96, an old form which cannot be stored exactly; write them as TIMESTAMP in nanoseconds, or as text`,
      { details: { path, column } },
    );
  }
}

/** Where a file has such times, one range for each row group and leaf. */
async function oldTimes(database: Database, path: string): Promise<{ column: string; range: ChunkRange }[]> {
  const chunks = await database.rows<{
    leaf: string;
    data: number;
    dictionary: number;
    bytes: number;
    codec: string;
  }>(
    `SELECT path_in_schema AS leaf, data_page_offset AS data, coalesce(dictionary_page_offset, 0) AS dictionary,
      total_compressed_size AS bytes, compression AS codec
    FROM parquet_metadata(${quoteText(path)}) WHERE type = 'INT96' ORDER BY row_group_id`,
  );
  if (chunks.length === 0) return [];
  const levels = await leafLevels(database, path);
  return chunks.map(({ leaf, data, dictionary, bytes, codec }) => {
    const from = dictionary > 0 && dictionary < data ? dictionary : data;
    const { column = leaf, maxLevel = 0, elementLevel = 0 } = levels.get(leaf) ?? {};
    return { column, range: { from, end: from + bytes, codec, maxLevel, elementLevel } };
  });
}

/** Of each leaf of a file, as parquet_metadata() names them: its column, and whether there are levels in front of its values. */
async function leafLevels(database: Database, path: string) {
  const elements = await database.rows<{ name: string; children: number; repetition: string | null }>(
    `SELECT name, coalesce(num_children, 0)::INTEGER AS children, repetition_type AS repetition
    FROM parquet_schema(${quoteText(path)}) ORDER BY column_id`,
  );
  const found = new Map<string, { column: string; maxLevel: number; elementLevel: number }>();
  let at = 1;
  const visit = (above: readonly string[], maxLevel: number, elementLevel: number): void => {
    const { name = "", children = 0, repetition = null } = elements[at++] ?? {};
    const names = [...above, name];
    const max = maxLevel + (repetition === "REQUIRED" ? 0 : 1);
    const element = repetition === "REPEATED" ? max : elementLevel;
    if (children === 0)
      found.set(names.join(", "), { column: names[0] ?? name, maxLevel: max, elementLevel: element });
    for (let child = 0; child < children; child++) visit(names, max, element);
  };
  for (let column = 0; column < (elements[0]?.children ?? 0); column++) visit([], 0, 0);
  return found;
}

async function holdsFiner(path: string, range: ChunkRange): Promise<boolean> {
  try {
    const pages = withFile(path, (handle) => readPages(handle, range));
    for await (const page of pages) if (await isFiner(page)) return true;
    return false;
  } catch (cause) {
    throw cause instanceof AppError && cause.code === "corrupt"
      ? unreadable(path, cause.message, cause)
      : cause;
  }
}

async function isFiner({ kind, encoding, values, valueBytes }: Page): Promise<boolean> {
  if (encoding !== PLAIN && !(kind === "dictionary" && encoding === PLAIN_DICTIONARY)) return false;
  for (let left = Math.floor(valueBytes / VALUE_BYTES); left > 0; left -= VALUES_AT_ONCE) {
    const bytes = await values.take(Math.min(left, VALUES_AT_ONCE) * VALUE_BYTES);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < view.byteLength; at += VALUE_BYTES) {
      if (view.getBigInt64(at, true) % 1000n !== 0n) return true;
    }
  }
  return false;
}
