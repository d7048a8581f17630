import { AppError } from "../errors.ts";
import { meetLabels } from "../schema/class-labels.ts";
import type { Column, Features } from "../schema/columns.ts";
import { featureFits, legacyFeature } from "../schema/features.ts";
import { parseType } from "../schema/type-tree.ts";

/**
 * Features of Hugging Face `datasets` out of the JSON under the key `huggingface` (Parquet, Arrow) or of
 * dataset_info.json: `{"info": {"features"}}` or `{"features"}`. Anything else gives none: they only refine types.
 */
export function parseFeatures(text: string): Features {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return {};
  }
  if (!isObject(value)) return {};
  const info = isObject(value.info) ? value.info : value;
  return isObject(info.features) ? info.features : {};
}

/**
 * The features of all files of an input. Throws `type_mismatch` where a number is the label of different names in two of
 * them: the names of one would be wrong for the other.
 */
export function sameLabels(files: readonly { path: string; features: Features }[]): Features {
  const met = new Map<string, { path: string; feature: unknown }>();
  for (const { path, features } of files) {
    for (const [name, feature] of Object.entries(features)) {
      const first = met.get(name);
      if (first === undefined) {
        met.set(name, { path, feature });
        continue;
      }
      const common = meetLabels(first.feature, feature);
      if (common === undefined) {
        throw new AppError(
          "type_mismatch",
          `the numbers of the column ${JSON.stringify(name)} are labels of other names in ${path} than in ${first.path}; number them alike, or write the names as text`,
          { details: { column: name, paths: [first.path, path] } },
        );
      }
      met.set(name, { path: first.path, feature: common });
    }
  }
  return Object.fromEntries(Array.from(met, ([name, { feature }]) => [name, feature]));
}

/**
 * The features that still describe a column as it is stored, in the legacy dialect. What became a JSON string or another
 * type is left out: its feature follows from the type.
 */
export function fittingFeatures(
  found: Features,
  columns: readonly (Column & { source: string })[],
): Features {
  const fitting: Features = {};
  for (const { source, name, type } of columns) {
    const feature = legacyFeature(found[source]);
    if (feature !== undefined && featureFits(feature, parseType(type))) fitting[name] = feature;
  }
  return fitting;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
