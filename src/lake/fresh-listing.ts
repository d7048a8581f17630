import { open, unlink } from "node:fs/promises";
import { join } from "node:path";
import { mountOf } from "./mount.ts";

/**
 * Refreshes this machine's listing of a folder. A network mount may show an old listing for many seconds,
 * until it changes the folder itself, so this creates and removes a file. Does nothing if that fails.
 */
export async function refreshListing(folder: string): Promise<void> {
  try {
    if ((await mountOf(folder)).isLocal) return;
    const path = join(folder, `.look.tmp-${crypto.randomUUID().slice(0, 8)}`);
    await (await open(path, "wx")).close();
    await unlink(path);
  } catch {
    // Use the current listing if it cannot be refreshed.
  }
}
