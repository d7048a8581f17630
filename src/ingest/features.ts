import { parseType, type TypeTree } from "../schema/column-types.ts";
import type { Column, Features } from "../schema/columns.ts";

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
 * The features that still describe a column as it is stored, in the legacy dialect that every version of `datasets`
 * reads: `List` becomes `Sequence`, value types become those of the stored column. What became a JSON string, and what
 * this program does not know, is left out.
 */
export function fittingFeatures(
  found: Features,
  columns: readonly (Column & { source: string })[],
): Features {
  const fitting: Features = {};
  for (const { source, name, type } of columns) {
    const feature = fitFeature(found[source], parseType(type));
    if (feature !== undefined) fitting[name] = feature;
  }
  return fitting;
}

function fitFeature(feature: unknown, type: TypeTree): unknown {
  if (Array.isArray(feature)) {
    return feature.length === 1 && type.kind === "list" ? fitSequence(feature[0], type) : undefined;
  }
  if (!isObject(feature)) return undefined;
  switch (feature._type) {
    case "ClassLabel":
      return isLabel(feature, type) ? { names: feature.names, _type: "ClassLabel" } : undefined;
    case "Value":
      return type.kind === "scalar" ? valueFeature(type.name) : undefined;
    case "Sequence":
    case "List":
    case "LargeList":
      return type.kind === "list" ? fitSequence(feature.feature, type) : undefined;
    default:
      return undefined; // structs and Json are stored as text; an image column has its own place
  }
}

function fitSequence(inner: unknown, type: TypeTree & { kind: "list" }): unknown {
  const feature = fitFeature(inner, type.element);
  return feature === undefined ? undefined : { feature, _type: "Sequence" };
}

function isLabel(feature: Record<string, unknown>, type: TypeTree): boolean {
  const { names } = feature;
  const named = Array.isArray(names) && names.every((name) => typeof name === "string");
  return named && type.kind === "scalar" && ["INTEGER", "BIGINT"].includes(type.name);
}

const DTYPES: Record<string, string> = {
  VARCHAR: "string",
  BOOLEAN: "bool",
  INTEGER: "int32",
  BIGINT: "int64",
  FLOAT: "float32",
  DOUBLE: "float64",
  TIMESTAMP: "timestamp[us]",
  DATE: "date32",
  BLOB: "binary",
};

function valueFeature(type: string): unknown {
  const dtype = DTYPES[type];
  return dtype === undefined ? undefined : { dtype, _type: "Value" };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
