import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../errors.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import { bareField } from "../util/csv.ts";
import { checkColumnCount } from "./column-limit.ts";
import { refuseCaseTwins } from "./column-names.ts";
import type { Input, ReaderContext, SourceColumn } from "./input.ts";
import { cellName, createCellFile, freeName, REASON, readCells } from "./text/cell-file.ts";
import { type CsvDialect, cellsOf, describeDialect, findDialect } from "./text/csv-dialect.ts";
import { type CsvRecord, splitRecords } from "./text/csv-records.ts";
import { inferTypes } from "./text/csv-types.ts";
import { decodeFile } from "./text/encoding.ts";
import { longNumbers } from "./text/exact-number.ts";
import { textInput } from "./text/text-input.ts";

/**
 * Opens CSV files with a header (RFC 4180; encoding and delimiter are found out) as one input. The columns are
 * those of all files. A column is a number or boolean only where every value of it is, and comes back exactly;
 * anything else stays text, JSON too. An empty cell is NULL. A line that does not fit the header is a rejected row.
 */
export async function openCsv(files: readonly string[], context: ReaderContext): Promise<Input> {
  const { database, scratch, signal } = context;
  if (files.length === 0) throw new AppError("invalid_input", "no CSV file was given");
  await mkdir(scratch, { recursive: true });
  const sources: CsvSource[] = [];
  for (const path of files) sources.push(await describeSource(path, context));
  refuseCaseTwins(sources.map(({ path, header }) => ({ path, names: header })));
  const names = [...new Set(sources.flatMap(({ header }) => header))];
  if (names.length === 0)
    throw new AppError("empty_input", `${files[0]} has no rows; there is nothing to upload`);
  const cells = await createCellFile(join(scratch, "cells.txt"));
  let hasLineEnds = false;
  const fileRows: number[] = [];
  try {
    for (const source of sources) {
      const before = cells.rowCount;
      const toRecord = recordWriter(source, names);
      for await (const records of recordsOf(source, signal)) {
        for (const record of records) {
          hasLineEnds ||= record.cells !== undefined && /[\r\n]/.test(record.text);
          cells.add(toRecord(record));
        }
        await cells.flush();
      }
      fileRows.push(cells.rowCount - before);
    }
  } finally {
    await cells.close();
  }
  const text = join(scratch, "text.parquet");
  const rows = join(scratch, "rows.parquet");
  const format = { delimiter: DELIMITER, quote: '"', hasLineEnds };
  const written = "(FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE 8192)";
  await database.run(
    `COPY (SELECT * FROM ${readCells(cells.facts(), names.length, format)}) TO ${quoteText(text)} ${written}`,
  );
  const types = await inferTypes(database, `read_parquet(${quoteText(text)})`, names.length);
  const columns = names.map((name, at) => ({ name, type: types[at]?.type ?? "VARCHAR" }));
  const reject = freeName(names);
  const selects = columns.map(({ name, type }, at) => {
    const isText = type === "VARCHAR" || type === "NULL";
    return `${isText ? cellName(at) : `CAST(${cellName(at)} AS ${type})`} AS ${quoteName(name)}`;
  });
  await database.run(
    `COPY (SELECT ${[...selects, `${REASON} AS ${quoteName(reject)}`].join(", ")} FROM read_parquet(${quoteText(text)}))
    TO ${quoteText(rows)} ${written}`,
  );
  return textInput({
    format: "csv",
    files,
    rows,
    fileRows,
    columns: columns.map(
      ({ name, type }): SourceColumn => ({ name, type, ...(type === "NULL" && { isOpen: true }) }),
    ),
    reject,
    written: { cells: text, cellOf: (name) => cellName(names.indexOf(name)) },
    notices: [
      ...sources.map(({ dialect }) => describeDialect(dialect)),
      ...sources.flatMap(({ notices }) => notices),
      ...names.filter((_, at) => types[at]?.hasLongNumbers).map(longNumbers),
    ],
  });
}

/** Between cells of the file that the engine reads; a cell that holds it is in quotes. */
const DELIMITER = ",";

interface CsvSource {
  path: string;
  dialect: CsvDialect;
  header: string[];
  notices: string[];
}

async function describeSource(path: string, { text, signal }: ReaderContext): Promise<CsvSource> {
  const dialect = await findDialect(path, text ?? {}, signal);
  for await (const records of splitRecords(path, decodeFile(path, dialect.encoding, signal), dialect)) {
    const [header] = dialect.hasExcelLine ? records.slice(1) : records;
    if (header === undefined) continue;
    checkColumnCount(path, cellsOf(header, dialect.delimiter).length);
    return { path, dialect, ...nameColumns(path, cellsOf(header, dialect.delimiter)) };
  }
  return { path, dialect, header: [], notices: [] };
}

/** Names that a query can say, each once. Throws `invalid_input`. */
function nameColumns(path: string, header: readonly string[]): { header: string[]; notices: string[] } {
  const refuse = (what: string, column?: string) =>
    new AppError("invalid_input", `${path} ${what}`, {
      details: { path, ...(column !== undefined && { column }) },
    });
  const notices: string[] = [];
  const taken = new Set(header.map((name) => name.toLowerCase()));
  const names = header.map((name, at) => {
    if (name.includes("\0")) throw refuse("has a NUL in its first line; it is damaged, or not CSV");
    if (name !== "") return name;
    let given = `column_${at + 1}`;
    while (taken.has(given)) given += "_";
    taken.add(given);
    notices.push(`column ${at + 1} has no name in the header and becomes ${given}`);
    return given;
  });
  const seen = new Set<string>();
  for (const name of names) {
    const folded = name.toLowerCase();
    if (seen.has(folded))
      throw refuse(`has the column ${JSON.stringify(name)} twice in its header; rename one of them`, name);
    seen.add(folded);
  }
  return { header: names, notices };
}

/** The records below the header. */
async function* recordsOf(
  { path, dialect, header }: CsvSource,
  signal?: AbortSignal,
): AsyncGenerator<CsvRecord[]> {
  let skip = header.length === 0 ? 0 : dialect.hasExcelLine ? 2 : 1;
  for await (const records of splitRecords(path, decodeFile(path, dialect.encoding, signal), dialect)) {
    yield records.slice(skip);
    skip = Math.max(0, skip - records.length);
  }
}

/** Gives the record of the file of cells for one of this source, whose columns may be fewer or in another order. */
function recordWriter(
  { header, dialect }: CsvSource,
  names: readonly string[],
): (record: CsvRecord) => string {
  const isSame = header.length === names.length && header.every((name, at) => name === names[at]);
  const places = names.map((name) => header.indexOf(name));
  const isPlain = isSame && dialect.delimiter === DELIMITER;
  return (record) => {
    if (record.problem !== undefined) return rejected(record, record.problem);
    if (record.text.includes("\0")) return rejected(record, "holds a NUL");
    if (isPlain && record.cells === undefined && !record.text.includes('"')) {
      if (countCells(record.text) === header.length) return DELIMITER + record.text;
    }
    const cells = cellsOf(record, dialect.delimiter);
    const count = cells.length;
    const isFitting = count === header.length || (count > header.length && hasEmptyEnd(cells, header.length));
    if (!isFitting) return rejected(record, `${count} cells, and the header has ${header.length}`);
    const ordered =
      isSame && count === header.length
        ? cells
        : places.map((place) => (place < 0 ? "" : (cells[place] ?? "")));
    return DELIMITER + ordered.map(bareField).join(DELIMITER);
  };
}

function rejected({ line }: CsvRecord, problem: string): string {
  return bareField(`line ${line}: ${problem}`) + DELIMITER;
}

function countCells(text: string): number {
  let count = 1;
  for (let at = text.indexOf(DELIMITER); at >= 0; at = text.indexOf(DELIMITER, at + 1)) count++;
  return count;
}

/** Delimiters at the end of a line, as spreadsheets write them, say nothing. */
function hasEmptyEnd(cells: readonly string[], columns: number): boolean {
  return cells.slice(columns).every((cell) => cell === "");
}
