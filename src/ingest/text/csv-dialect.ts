import { AppError } from "../../errors.ts";
import type { TextOptions } from "../input.ts";
import { type CsvRecord, type Dialect, splitRecords } from "./csv-records.ts";
import { decodeFile, encodingName, findEncoding } from "./encoding.ts";

/** Those that are found out, best first. */
const DELIMITERS = [",", "\t", ";", "|"] as const;
const LOOKED_AT = 100;
/** The first line that Excel writes and reads: `sep=;`. */
const EXCEL_LINE = /^sep=(.)$/i;

/** How one file is read. */
export interface CsvDialect extends Dialect {
  encoding: string;
  /** Its first line only names the delimiter. */
  hasExcelLine: boolean;
}

/** How a CSV file is read: RFC 4180, with the encoding and the delimiter found out where nobody says them. */
export async function findDialect(
  path: string,
  text: TextOptions,
  signal?: AbortSignal,
): Promise<CsvDialect> {
  const encoding = text.encoding ?? (await findEncoding(path, signal));
  const quote = text.quote ?? '"';
  const head = await firstLine(path, encoding, signal);
  const excel = EXCEL_LINE.exec(head)?.[1];
  const named = text.delimiter ?? excel ?? (/\.tsv(\.gz)?$/i.test(path) ? "\t" : undefined);
  const delimiter = named ?? (await findDelimiter(path, { encoding, quote }, signal));
  return { encoding, quote, delimiter, hasExcelLine: excel !== undefined };
}

const NAMES: Record<string, string> = {
  ",": "commas",
  "\t": "tabs",
  ";": "semicolons",
  "|": "bars",
  '"': "double quotes",
  "'": "single quotes",
};

/** What a person should know of it. */
export function describeDialect({ encoding, delimiter, quote }: CsvDialect): string {
  const between = NAMES[delimiter] ?? JSON.stringify(delimiter);
  const around = quote === "" ? "nothing" : (NAMES[quote] ?? JSON.stringify(quote));
  return `read as CSV in ${encodingName(encoding)}, with ${between} between cells and ${around} around them (--encoding, --delimiter and --quote override this)`;
}

/** One character, or a name for it. Throws `usage`. */
export function parseDelimiter(value: string): string {
  const character = { tab: "\t", "\\t": "\t", comma: ",", semicolon: ";", pipe: "|" }[value] ?? value;
  if (isPlain(character)) return character;
  throw new AppError("usage", `--delimiter ${JSON.stringify(value)} is not one character; give one, or tab`);
}

/** One character, or `none`. Throws `usage`. */
export function parseQuote(value: string): string {
  if (value === "none") return "";
  if (isPlain(value)) return value;
  throw new AppError("usage", `--quote ${JSON.stringify(value)} is not one character; give one, or none`);
}

function isPlain(character: string): boolean {
  return character.length === 1 && character !== "\n" && character !== "\r";
}

async function firstLine(path: string, encoding: string, signal?: AbortSignal): Promise<string> {
  for await (const chunk of decodeFile(path, encoding, signal))
    return chunk.slice(0, 100).split(/[\r\n]/)[0] ?? "";
  return "";
}

/** The one that gives most of the first records as many cells as the first of them, and more than one. */
async function findDelimiter(
  path: string,
  { encoding, quote }: { encoding: string; quote: string },
  signal?: AbortSignal,
): Promise<string> {
  let best = { delimiter: ",", fitting: 0 };
  for (const delimiter of DELIMITERS) {
    const records = await firstRecords(path, { encoding, quote, delimiter, hasExcelLine: false }, signal);
    const counts = records.map((record) => cellsOf(record, delimiter).length);
    const [header = 1] = counts;
    const fitting = header < 2 ? 0 : counts.filter((count) => count === header).length;
    if (fitting > best.fitting) best = { delimiter, fitting };
  }
  return best.delimiter;
}

async function firstRecords(path: string, dialect: CsvDialect, signal?: AbortSignal): Promise<CsvRecord[]> {
  const records: CsvRecord[] = [];
  try {
    for await (const some of splitRecords(path, decodeFile(path, dialect.encoding, signal), dialect)) {
      records.push(...some.slice(0, LOOKED_AT - records.length));
      if (records.length >= LOOKED_AT) break;
    }
  } catch (error) {
    if (!(error instanceof AppError && error.code === "invalid_input")) throw error;
  }
  return records;
}

/** The cells of a record. */
export function cellsOf({ text, cells }: CsvRecord, delimiter: string): string[] {
  return cells ?? text.split(delimiter);
}
