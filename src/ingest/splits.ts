import { basename } from "node:path";

/** `train-00000-of-00002.parquet`, as `datasets` and the Hub name shards. */
const SHARD = /^(?:.*-)?([A-Za-z][\w.]*?)-\d{5}-of-\d{5}(?:-[0-9a-f]+)?\.\w+$/;
/** `name-train.arrow` of a cache folder, `train.parquet`. */
const WHOLE = /^(?:.*-)?(train|test|validation|valid|dev|val)\.\w+$/;

/** The split that a shard's name tells, or undefined. */
export function splitOfName(path: string): string | undefined {
  const name = basename(path);
  return (SHARD.exec(name) ?? WHOLE.exec(name))?.[1];
}

/** Files with the split their names tell, where they tell more than one: else there is nothing to keep apart. */
export function addSplits(files: readonly string[]): { path: string; split?: string | undefined }[] {
  const splits = files.map(splitOfName);
  const apart = new Set(splits).size > 1 && splits.every((split) => split !== undefined);
  return files.map((path, at) => (apart ? { path, split: splits[at] } : { path }));
}
