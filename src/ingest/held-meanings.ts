import { durationUnit, isMixedJson, labelNames } from "../schema/class-labels.ts";
import type { Column, Features } from "../schema/columns.ts";
import type { TypedColumn } from "../schema/open-types.ts";

/** Rows that an append will stand beside: those of the partition, or of an upload that waits for it. */
export interface HeldPart {
  columns: readonly (Column & TypedColumn)[];
  features: Features;
}

/** The features that say more than a type, part by part. Text is JSON only where all parts that have some say so. */
export function heldMeanings(parts: readonly HeldPart[]): Features[] {
  const isPlainIn = (name: string) =>
    parts.some(
      ({ columns, features }) =>
        columns.some((column) => column.name === name && !column.open) && !isMixedJson(features[name]),
    );
  const isTold = ([name, feature]: [string, unknown]) =>
    labelNames(feature) !== undefined ||
    durationUnit(feature) !== undefined ||
    (isMixedJson(feature) && !isPlainIn(name));
  return parts.map(({ features }) => Object.fromEntries(Object.entries(features).filter(isTold)));
}

/** Names of columns of JSON text. */
export function jsonColumns(meanings: readonly Features[]): Set<string> {
  return new Set(
    meanings.flatMap((features) => Object.keys(features).filter((name) => isMixedJson(features[name]))),
  );
}
