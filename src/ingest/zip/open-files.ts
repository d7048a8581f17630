import { type FileHandle, open } from "node:fs/promises";
import type { LocalPath } from "../legacy-names.ts";

/** A folder may hold more zips than a process may have files open. */
export const MOST_OPEN = 64;

/** Files that are read again and again, of which those last used are open. */
export interface OpenFiles {
  /** Opens a file that is not, and gives it to `work` alone for as long as that takes. Throws what the disk says. */
  use<T>(file: LocalPath, work: (handle: FileHandle) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

interface Held {
  handle: Promise<FileHandle>;
  users: number;
}

export function createOpenFiles(): OpenFiles {
  /** In the order of their last use. */
  const held = new Map<string, Held>();
  const closeIdle = async () => {
    for (const [key, { handle, users }] of held) {
      if (held.size <= MOST_OPEN) return;
      if (users > 0) continue;
      held.delete(key);
      await (await handle).close();
    }
  };
  return {
    async use(file, work) {
      const key = Buffer.from(file).toString("latin1");
      const one = held.get(key) ?? { handle: open(file, "r"), users: 0 };
      held.delete(key);
      held.set(key, one);
      one.users++;
      try {
        const handle = await one.handle.catch((error) => {
          held.delete(key);
          throw error;
        });
        return await work(handle);
      } finally {
        one.users--;
        await closeIdle();
      }
    },
    async close() {
      const open = [...held.values()];
      held.clear();
      await Promise.all(open.map(async ({ handle }) => (await handle).close()));
    },
  };
}
