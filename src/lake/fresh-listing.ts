import { open, unlink } from "node:fs/promises";
import { join } from "node:path";
import { mountOf } from "./mount.ts";

/**
 * Has this machine list a folder again. A network mount continues for many seconds with the names that it saw
 * there, whatever other machines do, until it changes the folder itself: a file is made and removed. Where that may
 * not be done, or the folder is not there, nothing is.
 */
export async function refreshListing(folder: string): Promise<void> {
  try {
    if ((await mountOf(folder)).isLocal) return;
    const path = join(folder, `.look.tmp-${crypto.randomUUID().slice(0, 8)}`);
    await (await open(path, "wx")).close();
    await unlink(path);
  } catch {
    // What cannot be refreshed is read as it is shown.
  }
}
