import type { Lake } from "../../lake/lake.ts";
import { labelFactsFile } from "../../lake/layout.ts";
import { readTaxonomy } from "../../lake/taxonomy.ts";
import { viewOf } from "../../schema/labels/task-view.ts";
import { formatPartition } from "../../schema/partition.ts";
import type { LabelFacts } from "./label-facts.ts";

/** Another one where files have other columns, or views are read otherwise. */
const FORMAT = 2;

/** Where the counts of this lake's labels are: another file for other rows, and for another view. */
export async function openLabelFacts(lake: Lake, cacheFolder: string): Promise<LabelFacts> {
  const taxonomy = await readTaxonomy(lake);
  return {
    of: (partition) => {
      const view = viewOf(taxonomy, partition)?.view;
      if (view === undefined) return undefined;
      const { files, uploads, rows } = partition;
      const content = [FORMAT, lake.root, formatPartition(partition), files, uploads, rows, view];
      const digest = new Bun.CryptoHasher("sha256").update(JSON.stringify(content)).digest("hex");
      return { file: labelFactsFile(cacheFolder, digest), view };
    },
  };
}
