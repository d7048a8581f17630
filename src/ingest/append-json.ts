import { AppError } from "../errors.ts";
import { jsonOf } from "../query/duckdb/json-text.ts";
import { quoteName } from "../query/sql.ts";
import { isMixedJson, MIXED_JSON } from "../schema/class-labels.ts";
import type { Features } from "../schema/columns.ts";
import { formatPartition, type PartitionKey } from "../schema/partition.ts";
import { formatType, parseType } from "../schema/type-tree.ts";
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
  /** Columns with values that are there or on their way. */
  held: readonly { name: string }[];
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

/**
 * The input with JSON text in place of the numbers, booleans and lists that meet columns of JSON text in the partition.
 * Undefined where the lake refused the types (`type_mismatch`) for another reason.
 */
export function readAsJson(
  input: Input,
  columns: readonly PlannedColumn[],
  error: unknown,
): Input | undefined {
  if (!(error instanceof AppError) || error.code !== "type_mismatch") return undefined;
  const names = error.details?.json_columns;
  if (!Array.isArray(names)) return undefined;
  const wanted = new Set(columns.filter(({ name }) => names.includes(name)).map(({ source }) => source));
  const meant = input.columns.filter(({ name, type }) => wanted.has(name) && hasJson(type));
  if (meant.length === 0) return undefined;
  const replaced = meant.map(
    ({ name, type }) =>
      `CAST(${jsonOf(parseType(type), quoteName(name), "text")} AS VARCHAR) AS ${quoteName(name)}`,
  );
  return {
    ...input,
    columns: input.columns.map((column) =>
      meant.includes(column) ? { name: column.name, type: "VARCHAR", json: "value" } : column,
    ),
    rows: async (signal) =>
      `(SELECT * REPLACE (${replaced.join(", ")}) FROM ${await input.rows(signal)} AS "@rows")`,
  };
}

const NUMBER = /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT)|HUGEINT|FLOAT|DOUBLE|DECIMAL\(.*\))$/;

/** Whether JSON has values of a type: those of others become texts there. */
function hasJson(type: string): boolean {
  const tree = parseType(type);
  if (tree.kind === "list")
    return hasJson(formatType(tree.element)) || formatType(tree.element) === "VARCHAR";
  return tree.kind === "scalar" && (NUMBER.test(type) || type === "BOOLEAN");
}

/** Whether what is stored of values of a type is JSON text. */
function isJsonType(type: string): boolean {
  return isNested(parseType(type)) || NUMBER.test(type);
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
