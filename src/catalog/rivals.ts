import { basename } from "node:path";
import { parseDeltaFile } from "../lake/layout.ts";
import type { Database } from "../query/database.ts";
import { type Footer, readFooters } from "./footer.ts";

/** Which of the files below a base brought an upload from the base's own time that its log does not name. */
export async function findRivals(
  database: Database,
  below: readonly string[],
  { key }: Footer,
): Promise<string[]> {
  const from = key.uploads[0]?.version ?? Number.POSITIVE_INFINITY;
  const known = new Set(key.uploads.map((entry) => entry.upload_id));
  const rivals: string[] = [];
  for (const path of below) {
    const isOfItsTime = (parseDeltaFile(basename(path)) ?? 0) >= from;
    const [footer] = isOfItsTime ? await readFooters(database, [path]).catch(() => []) : [];
    if (footer?.key.uploads.some((entry) => !known.has(entry.upload_id))) rivals.push(path);
  }
  return rivals;
}
