import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import * as v from "valibot";
import { AppError } from "../errors.ts";
import { exists, isMissing } from "../lake/files.ts";
import { readJson } from "../lake/json-file.ts";
import { readRegular } from "../lake/regular-file.ts";
import type { Features } from "../schema/columns.ts";
import type { ArrowSource } from "./arrow-reader.ts";
import { parseFeatures } from "./features.ts";
import type { Input, ReaderContext } from "./input.ts";
import { addSplits } from "./splits.ts";

/** How a folder of Hugging Face `datasets` is laid out. */
export type SavedDataset =
  | { kind: "dataset"; folder: string }
  | { kind: "dict"; folder: string; splits: string[] }
  | { kind: "cache"; folder: string; files: string[] };

const INFO = "dataset_info.json";
const STATE = "state.json";
const DICT = "dataset_dict.json";

const StateSchema = v.looseObject({
  _data_files: v.array(v.looseObject({ filename: v.string() })),
  _split: v.nullish(v.string()),
});
const DictSchema = v.looseObject({ splits: v.array(v.string()) });

/**
 * What `datasets` saved in this folder: `save_to_disk` of a Dataset (since 2.8 in shards, before as dataset.arrow) or of
 * a DatasetDict, or a cache folder of `load_dataset`; undefined for any other folder.
 */
export async function findSavedDataset(folder: string): Promise<SavedDataset | undefined> {
  if (await exists(join(folder, STATE))) return { kind: "dataset", folder };
  const dict = await readJson(join(folder, DICT), DictSchema);
  if (dict) return { kind: "dict", folder, splits: dict.splits };
  return findCache(folder);
}

/** `<cache>/<name>/<config>/<version>/<hash>/`: each level has one entry, until dataset_info.json is there. */
async function findCache(top: string): Promise<SavedDataset | undefined> {
  let folder = top;
  for (let level = 0; level < 5; level++) {
    const entries = (await readdir(folder, { withFileTypes: true })).filter(
      (entry) => !entry.name.startsWith("."),
    );
    const arrows = entries.filter(
      (entry) => entry.name.endsWith(".arrow") && !entry.name.startsWith("cache-"),
    );
    if (arrows.length > 0 && entries.some((entry) => entry.name === INFO)) {
      return { kind: "cache", folder, files: arrows.map((entry) => join(folder, entry.name)).sort() };
    }
    // Names that are no UTF-8 cannot be opened by their text, and `datasets` makes none.
    const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.includes("\ufffd"));
    if (folders.length !== 1 || folders[0] === undefined || arrows.length > 0) return undefined;
    folder = join(folder, folders[0].name);
  }
  return undefined;
}

/**
 * Opens what `findSavedDataset` found. A DatasetDict gets a column `split` that keeps its splits apart. Throws
 * `invalid_input` where files that the folder's own list names are missing or damaged.
 */
export async function openSavedDataset(
  path: string,
  saved: SavedDataset,
  context: ReaderContext,
): Promise<Input> {
  const { openArrowFiles } = await import("./arrow-reader.ts");
  const sources = await listShards(saved);
  const input = await openArrowFiles("dataset", path, saved.folder, sources, context);
  const info = saved.kind === "dict" ? join(saved.folder, saved.splits[0] ?? "") : saved.folder;
  const features = await readInfo(join(info, INFO));
  return Object.keys(features).length === 0 ? input : { ...input, features };
}

async function listShards(saved: SavedDataset): Promise<ArrowSource[]> {
  if (saved.kind === "cache") return addSplits(saved.files);
  if (saved.kind === "dataset") return shardsOf(saved.folder, undefined);
  const shards = saved.splits.map((split) => shardsOf(join(saved.folder, split), split));
  return (await Promise.all(shards)).flat();
}

async function shardsOf(folder: string, split: string | undefined): Promise<ArrowSource[]> {
  const state = await readJson(join(folder, STATE), StateSchema);
  if (!state) {
    throw new AppError("invalid_input", `${folder} has no ${STATE}; save the dataset again`, {
      details: { path: folder },
    });
  }
  const files = state._data_files.map(({ filename }) => join(folder, filename));
  for (const file of files) await requireFile(file, folder);
  return files.map((path) => ({ path, split }));
}

async function requireFile(file: string, folder: string): Promise<void> {
  try {
    await stat(file);
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
    throw new AppError(
      "invalid_input",
      `${folder} lacks its shard ${basename(file)}; copy the dataset again`,
      {
        details: { path: file },
        cause,
      },
    );
  }
}

async function readInfo(path: string): Promise<Features> {
  try {
    return parseFeatures(await readRegular(path));
  } catch (error) {
    if (isMissing(error)) return {};
    throw error;
  }
}
