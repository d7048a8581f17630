import { AppError } from "../../errors.ts";
import { MAX_PIECE_CHARS } from "./json-split.ts";

/** A record of CSV. */
export interface CsvRecord {
  /** Where it begins. */
  line: number;
  /** As it stands, without its line end. */
  text: string;
  /** Its cells without quotes; undefined where they are the text between delimiters. */
  cells: string[] | undefined;
  /** Why it cannot be read. */
  problem?: string;
}

export interface Dialect {
  delimiter: string;
  /** Empty for none. */
  quote: string;
}

const LINE_END = /\r\n|\n|\r/g;

/**
 * Splits CSV by RFC 4180 into records: a quote opens at the beginning of a cell only, two of them inside stand for one,
 * and line ends of every system count. Blank lines are no records. Throws `invalid_input` for a quote that is never
 * closed.
 */
export async function* splitRecords(
  path: string,
  chunks: AsyncIterable<string>,
  { delimiter, quote }: Dialect,
): AsyncGenerator<CsvRecord[]> {
  let rest = "";
  let line = 1;
  /** A record that is open so far is looked at again when it is twice as long. */
  let enough = 0;
  const take = (text: string, isLast: boolean): CsvRecord[] => {
    const records: CsvRecord[] = [];
    let start = 0;
    while (start < text.length) {
      LINE_END.lastIndex = start;
      const end = LINE_END.exec(text);
      if (end === null && !isLast) break;
      const stop = end?.index ?? text.length;
      const after = stop + (end?.[0].length ?? 0);
      if (end?.[0] === "\r" && after === text.length && !isLast) break; // its \n may follow
      const whole = text.slice(start, stop);
      if (quote === "" || !whole.includes(quote)) {
        if (whole !== "") records.push({ line, text: whole, cells: undefined });
        line++;
        start = after;
        continue;
      }
      const record = readQuoted(text, start, { delimiter, quote });
      const isCut = record === undefined || (record.end >= text.length && !isLast);
      if (isCut && !isLast) break;
      if (record === undefined) {
        const what = `has a quote (${quote}) in line ${line} that is never closed`;
        throw new AppError(
          "invalid_input",
          `${path} ${what}; correct it, or add \`--quote none\` if quotes have no meaning`,
          {
            details: { path, line },
          },
        );
      }
      const { cells, problem } = record;
      const own = text.slice(start, record.end);
      records.push({ line, text: own, cells, ...(problem && { problem }) });
      line += countLines(own) + 1;
      start = record.end + lineEndAt(text, record.end);
    }
    rest = text.slice(start);
    enough = start === 0 ? text.length * 2 : 0;
    if (rest.length > MAX_PIECE_CHARS) {
      throw new AppError(
        "invalid_input",
        `${path} has no end of a record after line ${line}; check its quotes`,
        {
          details: { path, line },
        },
      );
    }
    return records;
  };
  for await (const chunk of chunks) {
    rest += chunk;
    if (rest.length >= enough) yield take(rest, false);
  }
  if (rest !== "") yield take(rest, true);
}

interface QuotedRecord {
  cells: string[];
  /** Where its line end begins. */
  end: number;
  problem?: string;
}

/** A record with quotes; undefined where one of them is still open at the end of the text. */
function readQuoted(text: string, start: number, { delimiter, quote }: Dialect): QuotedRecord | undefined {
  const cells: string[] = [];
  let problem: string | undefined;
  let at = start;
  for (;;) {
    if (!text.startsWith(quote, at)) {
      const end = endOfCell(text, at, delimiter);
      cells.push(text.slice(at, end));
      at = end;
    } else {
      const close = closingQuote(text, at + 1, quote);
      if (close === undefined) return undefined;
      const after = endOfCell(text, close + 1, delimiter);
      if (after > close + 1) problem ??= `text follows the closing quote of cell ${cells.length + 1}`;
      cells.push(text.slice(at + 1, close).replaceAll(quote + quote, quote));
      at = after;
    }
    if (text[at] !== delimiter) return { cells, end: at, ...(problem !== undefined && { problem }) };
    at++;
  }
}

function closingQuote(text: string, from: number, quote: string): number | undefined {
  for (let at = text.indexOf(quote, from); at >= 0; at = text.indexOf(quote, at + 2)) {
    if (text[at + 1] !== quote) return at;
  }
  return undefined;
}

function endOfCell(text: string, from: number, delimiter: string): number {
  let at = from;
  for (; at < text.length; at++) {
    const character = text[at];
    if (character === delimiter || character === "\n" || character === "\r") break;
  }
  return at;
}

function lineEndAt(text: string, at: number): number {
  if (text[at] === "\r") return text[at + 1] === "\n" ? 2 : 1;
  return text[at] === "\n" ? 1 : 0;
}

function countLines(text: string): number {
  return text.match(LINE_END)?.length ?? 0;
}
