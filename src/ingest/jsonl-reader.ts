import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../errors.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import { MIXED_JSON } from "../schema/class-labels.ts";
import { formatQuantity } from "../util/format.ts";
import { checkColumnCount } from "./column-limit.ts";
import { refuseCaseTwins } from "./column-names.ts";
import type { Input, ReaderContext, SourceColumn } from "./input.ts";
import { cellName, createCellFile, freeName, REASON, readCells } from "./text/cell-file.ts";
import { decodeFile, encodingName, findEncoding } from "./text/encoding.ts";
import { longNumbers } from "./text/exact-number.ts";
import { scanRow } from "./text/json-scan.ts";
import { mergeShapes, type Shape, type ShapeType, shapeType } from "./text/json-shape.ts";
import { type JsonPiece, splitLines, splitValues } from "./text/json-split.ts";
import { createTaskRows } from "./text/label-studio.ts";
import { RowProblem } from "./text/row-problem.ts";
import { textInput } from "./text/text-input.ts";

/** Compact JSON holds no such character outside of escapes. */
const DELIMITER = "\x1f";
const FORMAT = { delimiter: DELIMITER, quote: "", hasLineEnds: false };

/**
 * Opens files of JSON Lines, or of a JSON list of objects, as one input. Keys of any row are columns, in the order in
 * which they first appear. Strings, numbers, booleans and lists of them keep their type where all rows agree and it
 * holds every value exactly; objects, lists of objects and mixed values become JSON text with keys in their order, and
 * numbers that no type holds stay as they are written. A line that is no JSON object is a rejected row. Blank lines do
 * not count.
 */
export async function openJsonLines(files: readonly string[], context: ReaderContext): Promise<Input> {
  const { database, scratch } = context;
  if (files.length === 0) throw new AppError("invalid_input", "no JSON file was given");
  await mkdir(scratch, { recursive: true });
  const cells = await createCellFile(join(scratch, "cells.txt"));
  const found: Findings = { keys: new Map(), notNumbers: 0 };
  const notices = new Set<string>();
  let checked = 0; // keys
  const fileRows: number[] = [];
  try {
    for (const file of files) {
      const before = cells.rowCount;
      const toRow = createTaskRows(notices);
      for await (const pieces of await openPieces(file, context, notices)) {
        for (const piece of pieces) cells.add(recordOf(toRow(piece), found));
        checkColumnCount(file, found.keys.size);
        if (found.keys.size > checked) refuseCaseTwins([{ path: file, names: found.keys.keys() }]);
        checked = found.keys.size;
        await cells.flush();
      }
      fileRows.push(cells.rowCount - before);
    }
  } finally {
    await cells.close();
  }
  const names = nameColumns([...found.keys.keys()], notices);
  const columns = Array.from(found.keys.values(), ({ shape }, at) => ({
    name: names[at] ?? "",
    ...shapeType(shape),
  }));
  if (found.notNumbers > 0) {
    notices.add(
      `${formatQuantity(found.notNumbers, "value")} NaN or Infinity inside a list or an object: null instead, because JSON has no such numbers`,
    );
  }
  for (const { name, hasLongNumbers, isMixed } of columns) {
    if (hasLongNumbers) notices.add(longNumbers(name));
    if (isMixed) notices.add(`the values of ${name} are kept as JSON text: they are of several types`);
  }
  const reject = freeName(names);
  const rows = join(scratch, "rows.parquet");
  const selects = columns.map(
    (column, at) => `${readCell(cellName(at), column)} AS ${quoteName(column.name)}`,
  );
  await database.run(
    `COPY (SELECT ${[...selects, `${REASON} AS ${quoteName(reject)}`].join(", ")}
      FROM ${readCells(cells.facts(), columns.length, FORMAT)})
    TO ${quoteText(rows)} (FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE 8192)`,
  );
  return textInput({
    format: "jsonl",
    files,
    rows,
    fileRows,
    columns: columns.map(
      ({ name, type, stored, isOpen }): SourceColumn => ({
        ...{ name, type },
        ...(isOpen && { isOpen }),
        ...(type === "VARCHAR" && { json: stored === "json" ? "value" : "text" }),
      }),
    ),
    features: Object.fromEntries(
      columns.filter(({ isMixed }) => isMixed).map(({ name }) => [name, MIXED_JSON]),
    ),
    reject,
    notices,
  });
}

/** What is learned of all rows while they are read. */
interface Findings {
  /** By key, in the order of first appearance. */
  keys: Map<string, { at: number; shape: Shape }>;
  notNumbers: number;
}

/** Lines, or the elements of a list: by what the file begins with, for names say little. */
async function openPieces(
  file: string,
  { text, signal }: ReaderContext,
  notices: Set<string>,
): Promise<AsyncIterable<JsonPiece[]>> {
  const encoding = text?.encoding ?? (await findEncoding(file, signal));
  if (encoding !== "utf-8") notices.add(`the text is read as ${encodingName(encoding)}`);
  const isList = await beginsWithList(file, encoding, signal);
  const chunks = decodeFile(file, encoding, signal);
  return isList || /\.json$/i.test(file) ? splitValues(file, chunks) : splitLines(file, chunks);
}

async function beginsWithList(file: string, encoding: string, signal?: AbortSignal): Promise<boolean> {
  for await (const chunk of decodeFile(file, encoding, signal)) {
    const begin = chunk.trimStart();
    if (begin !== "") return begin.startsWith("[");
  }
  return false;
}

/** A row's record in the file of cells; what is learned of it goes to `found`. */
function recordOf(piece: JsonPiece, found: Findings): string {
  try {
    const { cells, notNumbers } = scanRow(piece.text);
    found.notNumbers += notNumbers;
    if (cells.keys().some((key) => key.includes("\0"))) throw new RowProblem("a key of the object has a NUL");
    const record: string[] = new Array(found.keys.size).fill("");
    for (const [key, { text, shape }] of cells) {
      const known = found.keys.get(key);
      const at = known?.at ?? found.keys.size;
      if (known === undefined) found.keys.set(key, { at, shape });
      else known.shape = mergeShapes(known.shape, shape);
      record[at] = text ?? "";
    }
    return DELIMITER + record.join(DELIMITER);
  } catch (error) {
    if (!(error instanceof RowProblem)) throw error;
    return `line ${piece.line}: ${error.message}${DELIMITER}`;
  }
}

/** Names that a query can say: a key without a name gets one. */
function nameColumns(keys: readonly string[], notices: Set<string>): string[] {
  return keys.map((key, at) => {
    if (key !== "") return key;
    let name = `column_${at + 1}`;
    while (keys.includes(name)) name += "_";
    notices.add(`the empty key of the objects becomes ${name}`);
    return name;
  });
}

/** SQL for the value of a column from its cell. */
function readCell(cell: string, { type, stored }: ShapeType): string {
  if (type === "NULL") return "NULL::VARCHAR";
  if (stored !== "value") return cell;
  if (type === "VARCHAR") return `CAST(${cell} AS JSON) ->> '$'`;
  return type.endsWith("[]") ? `CAST(CAST(${cell} AS JSON) AS ${type})` : `CAST(${cell} AS ${type})`;
}
