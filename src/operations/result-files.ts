import { stat } from "node:fs/promises";
import { join } from "node:path";
import { hashFile } from "../lake/digest.ts";
import type { ResultFile } from "../schema/operation.ts";

/** A file of an output folder, as a server tells of it. */
export async function describeFile(folder: string, name: string, sha256?: string): Promise<ResultFile> {
  const path = join(folder, name);
  return { name, bytes: (await stat(path)).size, sha256: sha256 ?? (await hashFile(path)) };
}
