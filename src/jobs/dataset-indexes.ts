import { createHash } from "node:crypto";
import { mkdir, realpath, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type AssetIndex, openAssetIndex } from "../assets/index.ts";
import { shownNamesIn } from "../lake/files.ts";
import type { Lake } from "../lake/lake.ts";
import { deltaFile, sortPartitionNames } from "../lake/layout.ts";
import type { Database } from "../query/database.ts";
import { type DatasetKey, formatDataset, RAW_TASK } from "../schema/partition.ts";
import { readAssetRows } from "./asset-rows.ts";

/** Asset indexes of a job's datasets; each is opened once and kept up to date. */
export interface DatasetIndexes {
  /** A dataset's index, including all published partitions. */
  open(database: Database, dataset: DatasetKey): Promise<AssetIndex>;
  close(): void;
}

/** Maximum open indexes; the least recently used is closed. */
const MAX_OPEN = 16;

export function createDatasetIndexes(lake: Lake, cacheFolder: string): DatasetIndexes {
  const open = new Map<string, { index: AssetIndex; file: string }>();

  const openFile = async (file: string) => {
    await mkdir(dirname(file), { recursive: true });
    return { index: openAssetIndex(file), file };
  };
  const makeRoom = () => {
    const oldest = open.keys().next().value;
    if (open.size < MAX_OPEN || oldest === undefined) return;
    open.get(oldest)?.index.close();
    open.delete(oldest);
  };
  return {
    open: async (database, dataset) => {
      const name = formatDataset(dataset);
      let entry = open.get(name);
      open.delete(name);
      makeRoom();
      entry ??= await openFile(await indexFile(lake, cacheFolder, dataset));
      const files = await listDatasetFiles(lake, dataset);
      const loaded = new Set(entry.index.loadedFiles());
      const current = new Set(files.map((file) => file.fingerprint));
      if ([...loaded].some((fingerprint) => !current.has(fingerprint))) {
        // A partition was replaced or compacted: the index, a cache, may hold stale names and is rebuilt.
        entry.index.close();
        await removeIndex(entry.file);
        entry = await openFile(entry.file);
        loaded.clear();
      }
      open.set(name, entry);
      for (const { path, fingerprint, task } of files) {
        if (loaded.has(fingerprint)) continue;
        for await (const records of readAssetRows(database, path, { named: task === RAW_TASK })) {
          entry.index.add(records);
        }
        entry.index.markLoaded(fingerprint);
      }
      return entry.index;
    },
    close: () => {
      for (const { index } of open.values()) index.close();
      open.clear();
    },
  };
}

async function removeIndex(file: string): Promise<void> {
  for (const suffix of ["", "-wal", "-shm", "-journal"]) await rm(`${file}${suffix}`, { force: true });
}

/**
 * `<cache>/index/<lake>/<dataset>.sqlite`; the lake is identified by path and folder identity, so that a new
 * lake at an old path gets another index.
 */
async function indexFile(lake: Lake, cacheFolder: string, dataset: DatasetKey): Promise<string> {
  const [path, { ino, birthtimeMs }] = await Promise.all([realpath(lake.root), stat(lake.root)]);
  const identity = shortHash(JSON.stringify([path, ino, birthtimeMs]));
  return join(cacheFolder, "index", identity, `${shortHash(formatDataset(dataset))}.sqlite`);
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 24);
}

interface DatasetFile {
  path: string;
  fingerprint: string;
  task: string;
}

/** Parquet files of a dataset's partitions with `stat`; none is opened. */
async function listDatasetFiles(lake: Lake, dataset: DatasetKey): Promise<DatasetFile[]> {
  const root = lake.layout.datasetCatalog(dataset);
  const found: DatasetFile[] = [];
  for (const task of await shownNamesIn(root)) {
    for (const variant of await shownNamesIn(join(root, task))) {
      const folder = join(root, task, variant);
      const { base, deltas } = sortPartitionNames(await shownNamesIn(folder));
      for (const name of [...(base === undefined ? [] : [base]), ...deltas.map(deltaFile)]) {
        const path = join(folder, name);
        const info = await stat(path, { bigint: true });
        const fingerprint = `${task}/${variant}/${name}|${info.ino}|${info.size}|${info.mtimeNs}`;
        found.push({ path, fingerprint, task: task.replace(/^task=/, "").normalize("NFC") });
      }
    }
  }
  return found;
}
