import { formatJsonPath } from "../schema/json-path.ts";

/** A path as it is written, without `[*]`: lists are searched element by element. */
export interface JsonPathCount {
  path: string;
  /** Documents that hold a text at it. */
  rowCount: number;
}

/** More different ones come from keys that are data themselves; those after them are not told. */
const MAX_PATHS = 2000;
/** As a query takes. */
const MAX_STEPS = 16;
/** Lists in lists are searched so deep. */
const MAX_LISTS = 2;

/**
 * The paths at which documents hold texts, with the number of documents that do: most frequent first, then as they come.
 * A document that is no JSON counts for none.
 */
export function countTextPaths(documents: Iterable<string>): JsonPathCount[] {
  const counts = new Map<string, number>();
  for (const text of documents) {
    for (const path of textPaths(text)) {
      const count = counts.get(path);
      if (count !== undefined || counts.size < MAX_PATHS) counts.set(path, (count ?? 0) + 1);
    }
  }
  return [...counts].map(([path, rowCount]) => ({ path, rowCount })).sort((a, b) => b.rowCount - a.rowCount);
}

function textPaths(text: string): Set<string> {
  const paths = new Set<string>();
  try {
    collect(JSON.parse(text), "$", 0, 0, paths);
  } catch {
    // a text that is no JSON
  }
  return paths;
}

function collect(value: unknown, path: string, steps: number, lists: number, paths: Set<string>): void {
  if (typeof value === "string") paths.add(path);
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    if (lists === MAX_LISTS) return;
    for (const element of value) collect(element, path, steps, lists + 1, paths);
    return;
  }
  if (steps === MAX_STEPS) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === "") continue; // no path names it
    collect(inner, path + formatJsonPath([{ key }]).slice(1), steps + 1, 0, paths);
  }
}
