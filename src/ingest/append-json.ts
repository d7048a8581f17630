import { AppError } from "../errors.ts";
import { isMixedJson, MIXED_JSON } from "../schema/class-labels.ts";
import type { Features } from "../schema/columns.ts";
import { formatPartition, type PartitionKey } from "../schema/partition.ts";
import { parseType } from "../schema/type-tree.ts";
import type { LabelOffer } from "./append-labels.ts";
import { JSON_NUMBER } from "./as-json.ts";
import type { Input, SourceColumn } from "./input.ts";
import { isNested } from "./plain-types.ts";
import type { PlannedColumn } from "./upload-plan.ts";

/** What an append brings, and what says whether its texts are JSON already. */
export interface JsonOffer extends LabelOffer {
  input: Input;
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
  const apart = columns.filter((column) => !isMixed(column) && isMixedJson(features[column.name]));
  const beside = new Set(offer.held.map(({ name }) => name));
  const quoted = apart.map(({ name }) => name).filter((name) => beside.has(name));
  const bare = await bareTexts(met, offer);
  const unknown = bare.filter(({ json }) => json === undefined);
  if (unknown.length > 0) throw mayBeJson(sayNames(unknown), offer.key);
  const names = new Set(bare.map(({ name }) => name));
  const asJson = (column: PlannedColumn) =>
    names.has(column.name)
      ? { ...column, expression: `CAST(to_json(${column.expression}) AS VARCHAR)` }
      : column;
  return {
    columns: columns.map(asJson),
    features: { ...features, ...Object.fromEntries(met.map(({ name }) => [name, MIXED_JSON])) },
    notices: [
      ...(bare.length > 0
        ? [
            `the texts of ${sayNames(bare)} are kept as JSON text: the partition has values of several types there`,
          ]
        : []),
      ...(quoted.length > 0
        ? [
            `the texts of ${quoted.join(", ")} are in quotes, as JSON text; nothing says so of the text in ${formatPartition(offer.key)}`,
          ]
        : []),
    ],
  };
}

/** Whether what is stored of values of a type is JSON text. */
function isJsonType(type: string): boolean {
  return isNested(parseType(type)) || JSON_NUMBER.test(type);
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
    const from = sources.get(source);
    const isJson = from?.json === "value" || isMixedJson(features[name]) || isJsonType(from?.type ?? "");
    return !isOpen && !from?.isOpen && !isJson;
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
