import { dirname, join } from "node:path";
import { IMAGE_EXTENSIONS } from "../images/sniff.ts";
import { exists, namesIn } from "../lake/files.ts";
import type { Lake } from "../lake/lake.ts";
import type { DatasetKey } from "../schema/partition.ts";

/**
 * Absolute path of the dataset's asset with this hash, or undefined. Tries image extensions first, then lists
 * the hash folder, which holds 1/65,536 of the dataset.
 */
export async function findStored(lake: Lake, dataset: DatasetKey, hash: string): Promise<string | undefined> {
  for (const extension of IMAGE_EXTENSIONS) {
    const path = lake.layout.asset(lake.layout.assetPath(dataset, hash, extension));
    if (await exists(path)) return path;
  }
  return findListed(lake, dataset, hash);
}

/**
 * The same by one listing alone. A network mount may show an old one for some seconds: for callers to whom a stored
 * asset that is not seen costs work, but nothing else.
 */
export async function findListed(lake: Lake, dataset: DatasetKey, hash: string): Promise<string | undefined> {
  const folder = dirname(lake.layout.asset(lake.layout.assetPath(dataset, hash, "bin")));
  const name = (await namesIn(folder)).find(
    (entry) => entry.startsWith(`${hash}.`) && !entry.endsWith(".claim"),
  );
  return name === undefined ? undefined : join(folder, name);
}
