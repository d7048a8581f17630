/** Structured logging: one JSON object a line. The sink decides where lines go (stderr, a rotated file, a test). */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type LogFields = Record<string, unknown>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to every line. */
  with(fields: LogFields): Logger;
}

export interface LogSink {
  write(line: string): void;
}

/** Creates a logger that writes lines of at least `level` to `sink`; times are ISO 8601 in UTC. */
export function createLogger(
  sink: LogSink,
  level: LogLevel | (() => LogLevel),
  base: LogFields = {},
): Logger {
  const threshold = typeof level === "function" ? level : () => level;
  const emit = (at: LogLevel, message: string, fields: LogFields = {}) => {
    if (LOG_LEVELS.indexOf(at) < LOG_LEVELS.indexOf(threshold())) return;
    sink.write(
      `${JSON.stringify({ time: new Date().toISOString(), level: at, message, ...base, ...fields }, errorsAsText)}\n`,
    );
  };
  return {
    debug: (message, fields) => emit("debug", message, fields),
    info: (message, fields) => emit("info", message, fields),
    warn: (message, fields) => emit("warn", message, fields),
    error: (message, fields) => emit("error", message, fields),
    with: (fields) => createLogger(sink, level, { ...base, ...fields }),
  };
}

/** A level that may be changed while the program runs. */
export interface LogLevelControl {
  level: LogLevel;
}

/** Swallows everything; for callers that were given no logger. */
export const silentLogger: Logger = createLogger({ write: () => {} }, "error");

function errorsAsText(_key: string, value: unknown): unknown {
  if (value instanceof Error) return { name: value.name, message: value.message, stack: value.stack };
  return typeof value === "bigint" ? Number(value) : value;
}
