import { mkdir, readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { type RecordBatch, Table, tableToIPC } from "apache-arrow";
import { moveToFree } from "../../lake/replace.ts";
import { loadLance } from "../../native.ts";

/** What is used of LanceDB's native module: bytes are files of Arrow IPC. */
interface LanceLibrary {
  Connection: { new: (folder: string, options: object) => Promise<LanceConnection> };
}
interface LanceConnection {
  createTable(name: string, bytes: Buffer, mode: "create"): Promise<NativeTable>;
  close(): void;
}
interface NativeTable {
  add(bytes: Buffer, mode: "append"): Promise<unknown>;
  close(): void;
}

/** One Lance dataset while it is written: a fragment for each batch. */
export interface LanceTable {
  add(batch: RecordBatch): Promise<void>;
  /** Makes it one version, and moves it to where it belongs. */
  finish(): Promise<void>;
  close(): void;
}

/** Tables get names of their own in a folder of their own: LanceDB takes ASCII alone. */
const NAME = "rows";

/** After so many batches, what they left behind is removed: a manifest of each, with 90 bytes for every batch before it. */
const BATCHES_KEPT = 50;

/** Makes `path` (`/out/train.lance`) when it is finished. Throws `usage` where Lance cannot be written. */
export async function openLanceTable(path: string): Promise<LanceTable> {
  const { Connection } = loadLance() as LanceLibrary;
  const work = `${path}.work`;
  await mkdir(work, { recursive: true });
  const made = join(work, `${NAME}.lance`);
  const connection = await Connection.new(work, {});
  let table: NativeTable | undefined;
  let batches = 0;
  const close = () => {
    table?.close();
    connection.close();
  };
  return {
    add: async (batch) => {
      const bytes = Buffer.from(tableToIPC(new Table([batch]), "file"));
      try {
        if (table === undefined) table = await connection.createTable(NAME, bytes, "create");
        else await table.add(bytes, "append");
      } catch (error) {
        throw withCode(error);
      }
      if (++batches % BATCHES_KEPT === 0) await keepNewest(made);
    },
    finish: async () => {
      close();
      await keepNewest(made);
      await moveToFree(made, path);
      await rmdir(work);
    },
    close,
  };
}

/**
 * Each batch made a version, whose manifest names all fragments so far: the last one is enough. Manifests are named by
 * 2^64 - 1 - version, so the first name is the newest (Lance format, "V2 manifest naming"); transactions begin with the
 * version that they were made on.
 */
async function keepNewest(dataset: string): Promise<void> {
  const versions = join(dataset, "_versions");
  const [newest, ...older] = (await readdir(versions)).filter((name) => name.endsWith(".manifest")).sort();
  for (const name of older) await rm(join(versions, name));
  if (newest === undefined) return;
  const version = (1n << 64n) - 1n - BigInt(newest.slice(0, -".manifest".length));
  const transactions = join(dataset, "_transactions");
  for (const name of await readdir(transactions))
    if (!name.startsWith(`${version - 1n}-`)) await rm(join(transactions, name));
}

/** The library tells the system's error in words alone. */
function withCode(error: unknown): unknown {
  const number = /\(os error (\d+)\)/.exec(error instanceof Error ? error.message : "")?.[1];
  const code = number === undefined ? undefined : CODES[number];
  return code === undefined ? error : Object.assign(new Error(`${code}`, { cause: error }), { code });
}

const CODES: Record<string, string> = { 13: "EACCES", 28: "ENOSPC", 30: "EROFS", 122: "EDQUOT" };
