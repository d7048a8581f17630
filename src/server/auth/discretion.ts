import { homedir } from "node:os";
import type { Settings } from "../../config.ts";
import { ERROR_CODES } from "../../errors.ts";
import type { Lake } from "../../lake/lake.ts";
import type { Role } from "../../schema/token.ts";

/** What callers other than administrators may see: no paths of the server, no statements, no internal errors. */
export interface Discretion {
  /** An answer, or an error's document, for someone of this role. */
  show<T>(value: T, role: Role | undefined): T;
}

/** Details of errors that only help on the server itself. */
const OF_THE_SERVER = new Set(["path", "holder", "stderr", "sql", "cause"]);
const OPEN_FILE = /\/(?:proc\/(?:self|\d+)|dev)\/fd\/\d+/g;
/** Where DuckDB begins to repeat the statement. */
const STATEMENT = /\n+LINE \d+:[\s\S]*$/;
const FAULT = "the server failed to do this; see its log";

export function createDiscretion({ lake, settings }: { lake: Lake; settings: Settings }): Discretion {
  const { scratchFolder, cacheFolder, configFile, serve } = settings;
  const files = [configFile, serve.tokens, serve.token_file, serve.tls_cert, serve.tls_key];
  const folders = [lake.root, scratchFolder, cacheFolder, process.cwd(), homedir()];
  const places = [...files, ...folders].filter(
    (place) => place !== undefined && place.length > 1,
  ) as string[];
  // The inner before the outer ones.
  places.sort((a, b) => b.length - a.length);
  const patterns = places.map((place) => ({
    place,
    pattern: new RegExp(
      `(?<![\\p{L}\\p{N}_.~-])${place.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(/|(?![\\p{L}\\p{N}_-]|\\.[\\p{L}\\p{N}]))`,
      "gu",
    ),
  }));

  const hide = (text: string): string => {
    if (!text.includes("/")) return text;
    let shown = text.replace(OPEN_FILE, "a file");
    for (const { place, pattern } of patterns) {
      if (!shown.includes(place)) continue;
      const instead = place === lake.root ? "the lake" : "a folder of the server";
      shown = shown.replace(pattern, (_, slash: string) => (slash === "/" ? "" : instead));
    }
    return shown;
  };
  const show = (value: unknown): unknown => {
    if (typeof value === "string") return hide(value);
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(show);
    const entries = Object.entries(value);
    if (!isFailure(value)) return Object.fromEntries(entries.map(([name, inner]) => [name, show(inner)]));
    const { code, message, details } = value;
    const told = code === "internal" ? FAULT : hide(message.replace(STATEMENT, ""));
    const others = Object.entries(details ?? {}).filter(([name]) => !OF_THE_SERVER.has(name));
    return {
      ...Object.fromEntries(entries.map(([name, inner]) => [name, show(inner)])),
      message: told,
      ...(details !== undefined && { details: show(Object.fromEntries(others)) }),
    };
  };
  return { show: <T>(value: T, role: Role | undefined) => (role === "admin" ? value : (show(value) as T)) };
}

interface Failure {
  code: string;
  message: string;
  details?: Record<string, unknown>;
}

function isFailure(value: object): value is Failure {
  const { code, message } = value as Partial<Failure>;
  return typeof code === "string" && code in ERROR_CODES && typeof message === "string";
}
