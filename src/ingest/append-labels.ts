import { AppError } from "../errors.ts";
import { durationUnit, labelNames, meetLabels } from "../schema/class-labels.ts";
import type { Features } from "../schema/columns.ts";
import { quoteExcerpt } from "../schema/excerpt.ts";
import { formatPartition, type PartitionKey } from "../schema/partition.ts";
import type { PlannedColumn } from "./upload-plan.ts";

/** What an append says of its numbers, and the partition of those that it holds. */
export interface LabelOffer {
  key: PartitionKey;
  columns: readonly PlannedColumn[];
  /** Of the upload. */
  features: Features;
  /** Columns with values that are there or on their way. */
  held: readonly { name: string }[];
  /** Of the partition, and of uploads that wait for it: those of labels and durations. */
  heldFeatures: readonly Features[];
  /** Which of some columns have no value. */
  emptyOf: (columns: readonly PlannedColumn[]) => Promise<ReadonlySet<string>>;
}

/**
 * What a person should know where numbers have names, or a unit, on one side alone. Throws `type_mismatch` where both
 * sides have them and a number would be another label or duration than it was.
 */
export async function meetHeldLabels(offer: LabelOffer): Promise<string[]> {
  const { columns, features, held, heldFeatures } = offer;
  const there = new Set(held.map(({ name }) => name));
  const isNamed = (name: string) =>
    [features, ...heldFeatures].some((one) => standFor(one[name]) !== undefined);
  const asked = columns.filter(({ name, isOpen }) => !isOpen && there.has(name) && isNamed(name));
  if (asked.length === 0) return [];
  const empty = await offer.emptyOf(asked);
  return asked.filter(({ name }) => !empty.has(name)).flatMap(({ name }) => meetLabel(name, offer));
}

function meetLabel(name: string, { key, features, heldFeatures }: LabelOffer): string[] {
  const place = formatPartition(key);
  const own = features[name];
  const others = heldFeatures.map((one) => one[name]).filter((one) => standFor(one) !== undefined);
  const [here, [other]] = [standFor(own), others];
  if (here === undefined && other === undefined) return [];
  if (here === undefined) {
    const names = labelNames(other);
    if (names === undefined)
      return [
        `the numbers of ${name} are plain here and become durations in ${durationUnit(other)} of ${place}`,
      ];
    return [`the numbers of ${name} have no names here and become labels of ${place} (${sayNames(names)})`];
  }
  if (other === undefined) {
    const names = labelNames(own);
    if (names === undefined)
      return [
        `the numbers of ${name} are plain in ${place}: that those of this upload are durations in ${durationUnit(own)} is not kept`,
      ];
    return [
      `the numbers of ${name} have no names in ${place}: those of this upload (${sayNames(names)}) are not kept`,
    ];
  }
  const differing = others.find((one) => !isAlike(own, one));
  if (differing === undefined) return [];
  throw new AppError(
    "type_mismatch",
    `the numbers of the column ${quoteExcerpt(name)} are ${here} here but ${standFor(differing)} in ${place}; write them alike, or use --mode replace`,
    { details: { column: name, here, there: standFor(differing) } },
  );
}

function isAlike(a: unknown, b: unknown): boolean {
  return (labelNames(a) === undefined) === (labelNames(b) === undefined) && meetLabels(a, b) !== undefined;
}

/** What the numbers of a column are, beside numbers. */
function standFor(feature: unknown): string | undefined {
  const names = labelNames(feature);
  if (names !== undefined) return `labels (${sayNames(names)})`;
  const unit = durationUnit(feature);
  return unit && `durations in ${unit}`;
}

/** What a person should know of columns whose numbers lose their names as they are stored. */
export function lostLabels(
  found: Features,
  kept: readonly { source: string; name: string; type: string }[],
  fitting: Features,
): string[] {
  return kept.flatMap(({ source, name, type }) => {
    const names = labelNames(found[source]);
    if (names === undefined || labelNames(fitting[name]) !== undefined) return [];
    const why =
      type === "VARCHAR" ? "it is stored as JSON with the numbers" : "only 64-bit integers keep them";
    return [`the names of the labels in ${source} (${sayNames(names)}) are not kept: ${why}`];
  });
}

/** Of labels that one sentence has room for. */
const NAMES_SAID = 8;

function sayNames(names: readonly unknown[]): string {
  const said = names.slice(0, NAMES_SAID).map((name, number) => `${number} ${quoteExcerpt(String(name))}`);
  return [...said, ...(names.length > said.length ? [`... of ${names.length}`] : [])].join(", ") || "none";
}
