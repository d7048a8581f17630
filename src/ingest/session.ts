import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { removeTree } from "../lake/files.ts";
import { type Database, interruptible, openDatabase } from "../query/database.ts";
import { openInput } from "./formats.ts";
import type { Input, TextOptions } from "./input.ts";
import { readFailure } from "./read-failure.ts";

/** A database and work files for one upload, from looking at the input to staging it. */
export interface UploadSession {
  readonly database: Database;
  /** Opens a file, folder or glob; may be called again when a person corrects the path. */
  open(path: string, text?: TextOptions): Promise<Input>;
  /** Removes the work files; may be called several times. */
  close(): Promise<void>;
}

export interface SessionOptions {
  scratchFolder: string;
  memory: string;
  threads: number;
  signal?: AbortSignal;
}

/** Opens a session; work files lie in a folder of its own below `scratchFolder`. */
export async function openUploadSession(options: SessionOptions): Promise<UploadSession> {
  const scratch = join(options.scratchFolder, `upload-${crypto.randomUUID()}`);
  await mkdir(scratch, { recursive: true });
  const { memory, threads, signal } = options;
  const database = await openDatabase({ scratch, memory, threads });
  let inputs = 0;
  return {
    database,
    async open(path, text) {
      const folder = join(scratch, `input-${inputs++}`);
      await mkdir(folder);
      const context = { database, scratch: folder, ...(signal && { signal }), ...(text && { text }) };
      return interruptible(database, signal, () => openInput(path, context)).catch((error) => {
        throw readFailure(error, path);
      });
    },
    async close() {
      database.close();
      await removeTree(scratch);
    },
  };
}
