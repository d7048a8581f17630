import { durationUnit, isMixedJson, labelNames } from "../schema/class-labels.ts";
import { type Column, type ColumnStats, type Features, SYSTEM_COLUMNS } from "../schema/columns.ts";
import { formatPartition, type PartitionKey } from "../schema/partition.ts";

/** A partition of a selection, with the Hugging Face features of its columns as JSON text. */
interface Met extends PartitionKey {
  rows: number;
  columns: readonly ColumnStats[];
  features: string;
}

const MAX_NOTES = 10;
const OF_LAKE: ReadonlySet<string> = new Set(SYSTEM_COLUMNS.map(({ name }) => name));

/**
 * What a person should know of columns that differ between the partitions of a selection: which of them are text for that,
 * and of which the numbers stand for other names or units, so that they come without. A sentence each, a few of them.
 */
export function describeMeetings(
  columns: readonly Column[],
  partitions: readonly Met[],
  given: Features,
): string[] {
  if (partitions.length < 2) return [];
  const seen = new Map<string, { types: Map<string, string>; meanings: Map<string, string> }>();
  for (const partition of partitions) {
    const features = JSON.parse(partition.features || "{}") as Features;
    for (const { name, type, nulls, open } of partition.columns) {
      if (nulls === partition.rows || open || OF_LAKE.has(name)) continue;
      const known = seen.get(name) ?? { types: new Map(), meanings: new Map() };
      seen.set(name, known);
      const add = (map: Map<string, string>, value: string) =>
        map.has(value) || map.set(value, formatPartition(partition));
      add(known.types, type);
      add(known.meanings, meaningOf(features[name]));
    }
  }
  const notes = columns.flatMap(({ name, type }) => {
    const { types, meanings } = seen.get(name) ?? {};
    if (types === undefined || meanings === undefined) return [];
    if (types.size > 1 && /^VARCHAR(\[\])?$/.test(type))
      return [`${name} is ${said(type)}: it is ${listed(types)}`];
    const json = meanings.get(JSON_TEXT);
    if (json !== undefined && meanings.size > 1)
      return [`the texts of ${name} are in quotes, as JSON text, in ${json}, and plain in others`];
    const isLost = meanings.size > 1 && meaningOf(given[name]) === NOTHING;
    return isLost ? [`the numbers of ${name} come as they are: they stand for ${listed(meanings)}`] : [];
  });
  const more = notes.length - MAX_NOTES;
  return more > 0 ? [...notes.slice(0, MAX_NOTES), `and so on, of ${more} columns more`] : notes;
}

function said(type: string): string {
  return type === "VARCHAR" ? "text here" : "lists of text here";
}

/** `BIGINT in hf/a/raw/text, and DOUBLE in hf/b/raw/text`, of three at most. */
function listed(places: ReadonlyMap<string, string>): string {
  const all = Array.from(places, ([what, where]) => `${what} in ${where}`);
  const rest = all.length > 3 ? [`others in ${all.length - 2} more`] : [];
  const shown = all.slice(0, rest.length > 0 ? 2 : 3);
  return [...shown, ...rest].join(", ").replace(/, (?=[^,]*$)/, ", and ");
}

const NOTHING = "themselves";
const JSON_TEXT = "JSON text";
const MAX_MEANING = 60;

/** What the numbers of a column stand for. */
function meaningOf(feature: unknown): string {
  const names = labelNames(feature);
  if (names === undefined) return isMixedJson(feature) ? JSON_TEXT : (durationUnit(feature) ?? NOTHING);
  const text = names.map((name, at) => `${at} ${JSON.stringify(name)}`).join(" ");
  return text.length > MAX_MEANING ? `${text.slice(0, MAX_MEANING)}...` : text;
}
