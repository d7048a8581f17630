import { AppError } from "../../errors.ts";
import { excerpt } from "../../schema/excerpt.ts";
import { isStale } from "./catalog-reader.ts";
import type { SandboxRequest } from "./sandbox-frames.ts";

export function tooManyRows(maxRows: number): AppError {
  return new AppError(
    "too_large",
    `the result has more than ${maxRows} rows (sql.max_rows); add a LIMIT, or count and group in the query`,
    { details: { setting: "sql.max_rows", limit: maxRows } },
  );
}

export function tooManyColumns(count: number, limit: number): AppError {
  return new AppError("too_large", `the result has ${count} columns, more than ${limit}; select fewer`, {
    details: { columns: count, limit },
  });
}

export function tooManyBytes(maxBytes: number): AppError {
  return new AppError(
    "too_large",
    `the result is larger than ${maxBytes} bytes (sql.max_bytes); add a LIMIT, or select fewer columns`,
    { details: { setting: "sql.max_bytes", limit: maxBytes } },
  );
}

export function tooMuchMemory(memory: string): AppError {
  return new AppError(
    "too_large",
    `the query needs more than ${memory} of memory (sql.memory); select fewer columns or rows, or group by less`,
    { details: { setting: "sql.memory", limit: memory } },
  );
}

export function tooLong(timeoutMs: number): AppError {
  return new AppError(
    "timeout",
    `the query took longer than ${timeoutMs / 1000} s (sql.timeout_s); select fewer rows, or use \`datalake search\``,
    { details: { setting: "sql.timeout_s", limit: timeoutMs / 1000 } },
  );
}

/** What DuckDB throws with `errors_as_json`. */
interface DuckDBError {
  exception_type: string;
  exception_message: string;
  /** Offset into the statement, in bytes of UTF-8. */
  position?: string;
}

/** Not faults of the statement. */
const OF_THE_ENGINE = new Set(["INTERNAL", "FATAL", "IO", "Connection", "Serialization", "Network", "HTTP"]);

/** How its parser and its binder say so; nothing has run out. */
const TOO_DEEP = /^memory exhausted at or near|^Max expression depth limit/;
/** It repeats the word at which it stopped, which may be the whole statement. */
const MAX_LINE_CHARS = 500;

/**
 * An error of DuckDB as ours: `invalid_sql` with its first line and the position, `too_large`, `timeout`. `offsetBytes`
 * is where the text of the request begins in what DuckDB was given.
 */
export function translateError(
  error: unknown,
  request: SandboxRequest,
  { expired, offsetBytes }: { expired: boolean; offsetBytes: number },
): unknown {
  if (error instanceof AppError || isStale(error)) return error;
  const known = parseError(error);
  const type = known?.exception_type ?? "";
  if (expired || /^interrupt/i.test(type)) return tooLong(request.timeoutMs);
  if (/^out of memory/i.test(type)) return tooMuchMemory(request.memory);
  if (known === undefined) return error;
  const [line = ""] = known.exception_message.split("\n");
  if (OF_THE_ENGINE.has(type))
    return new AppError("engine_failed", `DuckDB failed: ${line}`, { cause: error });
  const position = positionIn(request.text, known.position, offsetBytes);
  const where = position === undefined ? "" : ` (line ${position.line}, column ${position.column})`;
  const what = TOO_DEEP.test(line)
    ? `the statement is nested too deeply${where}; write fewer levels, or long lists of conditions as IN (...)`
    : `${type} Error: ${excerpt(line, MAX_LINE_CHARS)}${where}`;
  return new AppError("invalid_sql", what, {
    details: { ...position },
    cause: error,
  });
}

function parseError(error: unknown): DuckDBError | undefined {
  if (!(error instanceof Error)) return undefined;
  const json = error.message.indexOf('{"');
  try {
    if (json >= 0) return JSON.parse(error.message.slice(json)) as DuckDBError;
  } catch {
    // plain words
  }
  const plain = /^(?:Failed to extract statements: )?([A-Z][A-Za-z ]*?) Error: (.*)$/s.exec(error.message);
  return plain ? { exception_type: plain[1] ?? "", exception_message: plain[2] ?? "" } : undefined;
}

/** Line and column in characters, both from 1. `position` is in bytes of UTF-8. */
function positionIn(
  text: string,
  position: string | undefined,
  offsetBytes: number,
): { line: number; column: number } | undefined {
  if (position === undefined || !/^\d+$/.test(position)) return undefined;
  const bytes = new TextEncoder().encode(text);
  const at = Number(position) - offsetBytes;
  if (at < 0 || at > bytes.byteLength) return undefined;
  const lines = new TextDecoder().decode(bytes.subarray(0, at)).split("\n");
  return { line: lines.length, column: Array.from(lines.at(-1) ?? "").length + 1 };
}
