import { formatQuantity } from "../../util/format.ts";
import type { Counter } from "./counts.ts";

/** Says at the end what of the labels is not in the output. `isExpected`: some rows at least should have a label. */
export function reportLabels({ counts, note }: Counter, isExpected: boolean): void {
  const { labels, unfit_labels: unfit, unlabelled, regions, questions } = counts;
  const lost = Object.values(counts.dropped).filter(
    (what) => what.labels + what.regions + what.questions > 0,
  );
  const all = lost.reduce((sum, what) => sum + what.labels, labels);
  const isLacking = isExpected && all === 0 && unlabelled > 0;
  counts.is_bare = regions + questions === 0 && (lost.length > 0 || isLacking);
  if (isLacking) note(`none of ${formatQuantity(unlabelled, "row")} has a label where the view looks`);
  if (counts.is_bare) note("nothing of what the labels say is in the output");
  if (unfit > 0)
    note(
      `${unfit} of ${formatQuantity(labels, "label")} do not fit their view in all; \`datalake view check\` lists why`,
    );
  if (unlabelled > 0 && all > 0)
    note(
      `${unlabelled} of ${formatQuantity(all + unlabelled, "row")} without a label: pages without regions and answers`,
    );
}
