import { AppError } from "../../errors.ts";

/** One value of a file, as its text, with the line where it begins. */
export interface JsonPiece {
  text: string;
  line: number;
}

/** A line, or a value of a list, may be so long; a string of the runtime holds twice that. */
export const MAX_PIECE_CHARS = 256 << 20;

/** The lines of JSON Lines, blank ones left out. Throws `invalid_input` for one that is longer than any label. */
export async function* splitLines(path: string, chunks: AsyncIterable<string>): AsyncGenerator<JsonPiece[]> {
  let rest = "";
  let line = 1;
  for await (const chunk of chunks) {
    const pieces: JsonPiece[] = [];
    let start = 0;
    for (let end = chunk.indexOf("\n"); end >= 0; end = chunk.indexOf("\n", start)) {
      const text = rest + chunk.slice(start, end);
      if (text.trim() !== "") pieces.push({ text, line });
      rest = "";
      start = end + 1;
      line++;
    }
    rest += chunk.slice(start);
    if (rest.length > MAX_PIECE_CHARS) throw tooLong(path, line);
    yield pieces;
  }
  if (rest.trim() !== "") yield [{ text: rest, line }];
}

/**
 * The elements of the one list that a JSON file holds, or the values that follow each other in it. Throws
 * `invalid_input` naming the line where the brackets do not fit.
 */
export async function* splitValues(path: string, chunks: AsyncIterable<string>): AsyncGenerator<JsonPiece[]> {
  let state: "begin" | "list" | "values" | "end" = "begin";
  let rest = "";
  let depth = 0;
  let line = 1;
  let startLine = 1;
  let inText = false;
  let isEscaped = false;
  const refuse = (what: string) =>
    new AppError(
      "invalid_input",
      `${path} is not JSON: line ${line} ${what}; correct it, or give JSON Lines`,
      {
        details: { path, line },
      },
    );
  for await (const chunk of chunks) {
    const pieces: JsonPiece[] = [];
    /** Where the value in work begins in this chunk; -1 between values. */
    let start = depth > 0 || inText || rest !== "" ? 0 : -1;
    const close = (end: number) => {
      pieces.push({ text: rest + chunk.slice(start, end), line: startLine });
      rest = "";
      start = -1;
    };
    let slash = -1;
    let quote = -1;
    let newline = -1;
    for (let at = 0; at < chunk.length; at++) {
      if (inText && !isEscaped) {
        // Most of a file is in texts: to where this one may end.
        if (slash < at) slash = indexOrEnd(chunk, "\\", at);
        if (quote < at) quote = indexOrEnd(chunk, '"', at);
        const end = Math.min(slash, quote);
        if (newline < at) newline = indexOrEnd(chunk, "\n", at);
        for (; newline < end; newline = indexOrEnd(chunk, "\n", newline + 1)) line++;
        at = end;
        if (at === chunk.length) break;
      }
      const code = chunk.charCodeAt(at);
      if (code === 10) line++;
      if (inText) {
        if (isEscaped) isEscaped = false;
        else if (code === 92) isEscaped = true;
        else if (code === 34) inText = false;
        continue;
      }
      if (code <= 32) continue;
      if (state === "end") throw refuse("follows the end of the list");
      if (state === "begin") {
        state = code === 91 ? "list" : "values";
        if (state === "list") continue;
      }
      if (depth === 0 && start < 0) {
        if (code === 44 && state === "list") continue;
        if (code === 93 && state === "list") {
          state = "end";
          continue;
        }
        start = at;
        startLine = line;
      }
      if (code === 34) inText = true;
      else if (code === 123 || code === 91) depth++;
      else if (code === 125 || code === 93) {
        if (depth === 0) {
          close(at);
          if (code !== 93 || state !== "list") throw refuse("has an unmatched closing bracket");
          state = "end";
        } else if (--depth === 0) close(at + 1);
      } else if (code === 44 && depth === 0) close(at);
    }
    if (start >= 0) rest += chunk.slice(start);
    if (rest.length > MAX_PIECE_CHARS) throw tooLong(path, startLine);
    yield pieces;
  }
  if (depth > 0 || inText || state === "list")
    throw refuse("is the last, and a bracket or text is still open");
  if (rest.trim() !== "") yield [{ text: rest, line: startLine }];
}

function indexOrEnd(text: string, wanted: string, from: number): number {
  const at = text.indexOf(wanted, from);
  return at < 0 ? text.length : at;
}

function tooLong(path: string, line: number): AppError {
  return new AppError(
    "invalid_input",
    `${path} has a row of more than ${MAX_PIECE_CHARS >> 20} million characters at line ${line}; give one object a line`,
    { details: { path, line } },
  );
}
