import { AppError } from "../errors.ts";
import { isMixedJson, MIXED_JSON } from "../schema/class-labels.ts";
import type { Features } from "../schema/columns.ts";
import { formatPartition, type PartitionKey } from "../schema/partition.ts";
import { parseType } from "../schema/type-tree.ts";
import type { Input, SourceColumn } from "./input.ts";
import { isNested } from "./plain-types.ts";
import type { PlannedColumn } from "./upload-plan.ts";

/** What an append brings to columns of JSON text. */
export interface JsonOffer {
  key: PartitionKey;
  input: Input;
  columns: readonly PlannedColumn[];
  /** Of the upload. */
  features: Features;
  /** Of the partition, and of uploads that wait for it. */
  heldFeatures: readonly Features[];
  /** Which of some columns have no value. */
  emptyOf: (columns: readonly PlannedColumn[]) => Promise<ReadonlySet<string>>;
}

/**
 * Columns and features as they go to a partition that has values of several types, and so texts in quotes: the texts of a
 * JSON file become JSON text there, too. Throws `type_mismatch` for text of other formats, which may be JSON already or
 * not.
 */
export async function meetMixedJson(
  offer: JsonOffer,
): Promise<{ columns: PlannedColumn[]; features: Features; notices: string[] }> {
  const { columns, features, heldFeatures } = offer;
  const isMixed = ({ name }: PlannedColumn) => heldFeatures.some((held) => isMixedJson(held[name]));
  const met = columns.filter(isMixed);
  const bare = await bareTexts(met, offer);
  const unknown = bare.filter(({ json }) => json === undefined);
  if (unknown.length > 0) throw mayBeJson(sayNames(unknown), offer.key);
  const names = new Set(bare.map(({ name }) => name));
  const quoted = (column: PlannedColumn) =>
    names.has(column.name)
      ? { ...column, expression: `CAST(to_json(${column.expression}) AS VARCHAR)` }
      : column;
  const said = `the texts of ${sayNames(bare)} are kept as JSON text: the partition has values of several types there`;
  return {
    columns: columns.map(quoted),
    features: { ...features, ...Object.fromEntries(met.map(({ name }) => [name, MIXED_JSON])) },
    notices: bare.length === 0 ? [] : [said],
  };
}

interface BareText {
  name: string;
  json: SourceColumn["json"];
}

/** Those columns whose values are not JSON, as far as it is known. */
async function bareTexts(
  columns: readonly PlannedColumn[],
  { input, features, emptyOf }: JsonOffer,
): Promise<BareText[]> {
  const sources = new Map(input.columns.map((column) => [column.name, column]));
  const texts = columns.filter(({ name, source, isOpen }) => {
    const { json, type = "" } = sources.get(source) ?? {};
    return !isOpen && json !== "value" && !isMixedJson(features[name]) && !isNested(parseType(type));
  });
  if (texts.length === 0) return [];
  const empty = await emptyOf(texts);
  return texts
    .filter(({ name }) => !empty.has(name))
    .map(({ name, source }) => ({ name, json: sources.get(source)?.json }));
}

function sayNames(columns: readonly BareText[]): string {
  return columns.map(({ name }) => name).join(", ");
}

function mayBeJson(columns: string, key: PartitionKey): AppError {
  const place = formatPartition(key);
  return new AppError(
    "type_mismatch",
    `text of ${columns} may be JSON or not, and ${place} has JSON text of several types there; give it as JSON Lines, or use --mode replace`,
    { details: { columns, partition: place } },
  );
}
