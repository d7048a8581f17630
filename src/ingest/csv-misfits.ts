import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import type { Database } from "../query/database.ts";
import { quoteText } from "../query/sql.ts";
import { checkColumnCount } from "./column-limit.ts";
import { type CsvDialect, type CsvRecord, createCsvScan } from "./csv-records.ts";
import type { ReaderContext } from "./input.ts";

const CHUNK_BYTES = 1 << 20;
const QUOTE = '"';
/** So many lines tell the engine what the file is like; it takes quotes that come later for a part of the cell. */
const SAMPLE_LINES = 20_000;
/** What the engine tries; it makes room for every column of each before it chooses one. */
const DELIMITERS = [",", ";", "\t", "|"];

/** A record that does not have the cells that its header names. */
export type Misfit = Pick<CsvRecord, "line" | "lineCount" | "cells"> & { columns: number };

/** A CSV file to be read, and what was left out of it. */
export interface FittingCsv {
  path: string;
  misfits: readonly Misfit[];
  /** What stands around its cells where the engine would not see it. */
  quote: string | undefined;
}

/**
 * The file, or where some of its records do not fit the header a copy without them: the engine takes a millisecond and
 * 20 kB for each cell that is missing or too many. Throws `invalid_input` for a header of more columns than an upload has.
 */
export async function leaveOutMisfits(
  file: string,
  copy: string,
  options: string,
  { database, signal }: ReaderContext,
): Promise<FittingCsv> {
  checkColumnCount(file, await headerWidth(file, signal));
  const shape = await sniff(database, file, options);
  if (shape === undefined) return { path: file, misfits: [], quote: undefined };
  const hasLateQuotes = shape.quote === undefined && (await quotesLate(file, signal));
  const dialect = hasLateQuotes ? { ...shape, quote: QUOTE, escape: QUOTE } : shape;
  const quote = hasLateQuotes ? QUOTE : undefined;
  const { columns, skipped, comment } = shape;
  const left: (Misfit & Pick<CsvRecord, "from" | "end">)[] = [];
  const scan = createCsvScan(dialect, ({ line, lineCount, from, end, cells, lastFilled, firstByte }) => {
    // the engine passes over these, and takes empty cells behind the last column
    const isPassedOver = line <= skipped || firstByte < 0 || firstByte === comment;
    const fits = cells >= columns && lastFilled <= columns;
    if (!isPassedOver && !fits) left.push({ line, lineCount, from, end, cells, columns });
  });
  for await (const chunk of bytesOf(file, signal)) scan.push(chunk);
  scan.end();
  if (left.length === 0) return { path: file, misfits: [], quote };
  await pipeline(without(left, bytesOf(file, signal)), createWriteStream(copy));
  return { path: copy, misfits: left, quote };
}

async function* bytesOf(file: string, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const bytes = createReadStream(file, { highWaterMark: CHUNK_BYTES });
  for await (const chunk of file.endsWith(".gz") ? bytes.pipe(createGunzip()) : bytes) {
    signal?.throwIfAborted();
    yield chunk as Uint8Array;
  }
}

async function* without(
  left: readonly Pick<CsvRecord, "from" | "end">[],
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let offset = 0;
  let next = 0;
  for await (const chunk of bytes) {
    const end = offset + chunk.length;
    let at = offset;
    for (let record = left[next]; record !== undefined && record.from < end; record = left[next]) {
      if (record.from > at) yield chunk.subarray(at - offset, record.from - offset);
      at = Math.min(record.end, end);
      if (record.end > end) break;
      next++;
    }
    if (at < end) yield chunk.subarray(at - offset);
    offset = end;
  }
}

/** How many columns the first record has at most, whatever parts them. */
async function headerWidth(file: string, signal: AbortSignal | undefined): Promise<number> {
  let widest = 0;
  let open = DELIMITERS.length;
  const scans = DELIMITERS.map((delimiter) => {
    let isOpen = true;
    return createCsvScan({ delimiter, quote: QUOTE }, ({ firstByte, cells }) => {
      if (!isOpen || firstByte < 0) return;
      isOpen = false;
      open--;
      widest = Math.max(widest, cells);
    });
  });
  for await (const chunk of bytesOf(file, signal)) {
    for (const scan of scans) scan.push(chunk);
    if (open < DELIMITERS.length) break;
  }
  for (const scan of scans) scan.end();
  return widest;
}

/** Whether the first quote of the file stands behind the sample. */
async function quotesLate(file: string, signal: AbortSignal | undefined): Promise<boolean> {
  let lines = 0;
  for await (const chunk of bytesOf(file, signal)) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const quoteAt = bytes.indexOf(QUOTE);
    for (let at = 0; lines < SAMPLE_LINES; lines++) {
      at = bytes.indexOf("\n", at) + 1;
      if (at === 0 || (quoteAt >= 0 && at > quoteAt)) break;
    }
    if (quoteAt >= 0) return lines >= SAMPLE_LINES;
  }
  return false;
}

interface Shape extends CsvDialect {
  columns: number;
  /** Lines before the header. */
  skipped: number;
  comment: number | undefined;
}

/** What the engine will take the file for; undefined where it makes nothing of it, which it says itself. */
async function sniff(database: Database, file: string, options: string): Promise<Shape | undefined> {
  const found = await database
    .rows<
      Record<"delimiter" | "quote" | "escape" | "comment", string> & Record<"skipped" | "columns", number>
    >(
      `SELECT Delimiter AS delimiter, Quote AS quote, Escape AS escape, Comment AS comment,
        SkipRows::INTEGER AS skipped, len(Columns)::INTEGER AS columns
      FROM sniff_csv(${quoteText(file)}, ${options}, ignore_errors = true)`,
    )
    .catch(() => []);
  const [shape] = found;
  if (shape === undefined) return undefined;
  const { delimiter, columns, skipped } = shape;
  const [quote, quoteEscape, comment] = [shape.quote, shape.escape, shape.comment].map((text) =>
    text === "(empty)" || text === "" ? undefined : text,
  );
  if (Buffer.byteLength(delimiter) !== 1) return undefined;
  return {
    delimiter,
    quote,
    escape: quoteEscape,
    columns,
    skipped,
    comment: comment === undefined ? undefined : Buffer.from(comment)[0],
  };
}
