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
