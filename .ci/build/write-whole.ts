import { rename, writeFile } from "node:fs/promises";

/** Writes a file that gets its name when it is whole: another build may read it meanwhile. */
export async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const fresh = `${file}.${process.pid}`;
  await writeFile(fresh, bytes);
  await rename(fresh, file);
}
