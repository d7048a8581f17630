import { stat } from "node:fs/promises";
import { join } from "node:path";
import { hashFile } from "../lake/digest.ts";
import type { ResultFile } from "../schema/operation.ts";

/** Describes a file of an output folder for the server's response. */
export async function describeFile(folder: string, name: string, sha256?: string): Promise<ResultFile> {
  const path = join(folder, name);
  return { name, bytes: (await stat(path)).size, sha256: sha256 ?? (await hashFile(path)) };
}
