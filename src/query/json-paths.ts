import { formatJsonPath } from "../schema/json-path.ts";

/** A path without `[*]`: lists are searched element by element. */
export interface JsonPathCount {
  path: string;
  /** Documents with text at the path. */
  rowCount: number;
}

/** More distinct paths come from keys that are data; further ones are ignored. */
const MAX_PATHS = 2000;
/** Limit of queries. */
const MAX_STEPS = 16;
const MAX_LISTS = 2;

/** Paths where documents hold text, with document counts: most frequent first, then by first appearance. */
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
    // invalid JSON
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
    if (key === "") continue; // paths cannot express it
    collect(inner, path + formatJsonPath([{ key }]).slice(1), steps + 1, 0, paths);
  }
}
