import { durationUnit, isMixedJson, meetLabels } from "./class-labels.ts";
import type { Column, Features } from "./columns.ts";
import { parseType, type TypeTree } from "./type-tree.ts";

/**
 * The Hugging Face feature of each column, in the legacy dialect that every `datasets` since 2.14 reads: the
 * given one if it fits the column's type, otherwise derived from the type.
 */
export function describeFeatures(columns: readonly Column[], given: Features = {}): Features {
  const features: Features = {};
  for (const { name, type } of columns) {
    const legacy = legacyFeature(given[name]);
    const tree = parseType(type);
    features[name] = legacy !== undefined && featureFits(legacy, tree) ? legacy : featureOf(tree);
  }
  return features;
}

/**
 * The feature of a DuckDB type. A list of structs is a bare array: legacy `Sequence` is a struct of lists.
 */
export function featureOf(type: TypeTree): unknown {
  if (type.kind === "struct") {
    return Object.fromEntries(type.fields.map((field) => [field.name, featureOf(field.type)]));
  }
  if (type.kind === "list") {
    const element = featureOf(type.element);
    return type.element.kind === "struct" ? [element] : { feature: element, _type: "Sequence" };
  }
  return { dtype: dtypeOf(type.name), _type: "Value" };
}

const DTYPES: Record<string, string> = {
  VARCHAR: "string",
  BOOLEAN: "bool",
  TINYINT: "int8",
  SMALLINT: "int16",
  INTEGER: "int32",
  BIGINT: "int64",
  UTINYINT: "uint8",
  USMALLINT: "uint16",
  UINTEGER: "uint32",
  UBIGINT: "uint64",
  FLOAT: "float32",
  DOUBLE: "float64",
  BLOB: "binary",
  DATE: "date32",
  TIMESTAMP: "timestamp[us]",
};

function dtypeOf(name: string): string {
  const decimal = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(name);
  return decimal ? `decimal128(${decimal[1]}, ${decimal[2]})` : (DTYPES[name] ?? "string");
}

/**
 * Converts a feature of any dialect to legacy: `List` and `LargeList` become `Sequence` or a bare array.
 * Undefined for features that plain storage cannot hold (Image, Audio, Array2D, Json, unknown types).
 */
export function legacyFeature(feature: unknown): unknown {
  if (Array.isArray(feature)) {
    const element = feature.length === 1 ? legacyFeature(feature[0]) : undefined;
    return element === undefined ? undefined : [element];
  }
  if (!isRecord(feature)) return undefined;
  const { _type: kind } = feature;
  if (kind === "Value" && typeof feature.dtype === "string") {
    const isMeaning = durationUnit(feature) !== undefined || isMixedJson(feature);
    const id = isMeaning ? { id: feature.id } : {};
    return { dtype: feature.dtype.replace(/^large_/, ""), ...id, _type: "Value" };
  }
  if (kind === "ClassLabel") return classLabel(feature.names);
  if (kind === "Sequence" || kind === "List" || kind === "LargeList") return legacyList(kind, feature);
  if (typeof kind === "string") return undefined;
  const fields = Object.entries(feature).map(([name, field]) => [name, legacyFeature(field)] as const);
  return fields.some(([, field]) => field === undefined) ? undefined : Object.fromEntries(fields);
}

function legacyList(kind: string, feature: Record<string, unknown>): unknown {
  const element = legacyFeature(feature.feature);
  if (element === undefined) return undefined;
  if (kind !== "Sequence" && isStruct(element)) return [element];
  return { feature: element, _type: "Sequence" };
}

function classLabel(names: unknown): unknown {
  const valid = Array.isArray(names) && names.every((name) => typeof name === "string");
  return valid && new Set(names).size === names.length ? { names, _type: "ClassLabel" } : undefined;
}

/** Whether values stored in this type satisfy the legacy feature. */
export function featureFits(feature: unknown, type: TypeTree): boolean {
  if (Array.isArray(feature)) return type.kind === "list" && featureFits(feature[0], type.element);
  if (!isRecord(feature)) return false;
  const { _type: kind } = feature;
  if (kind === "Value") return type.kind === "scalar" && feature.dtype === dtypeOf(type.name);
  if (kind === "ClassLabel") return type.kind === "scalar" && type.name === "BIGINT";
  if (kind === "Sequence") {
    const element = feature.feature;
    if (!isStruct(element)) return type.kind === "list" && featureFits(element, type.element);
    return (
      type.kind === "struct" &&
      sameFields(element, type.fields) &&
      type.fields.every((field) =>
        featureFits({ feature: element[field.name], _type: "Sequence" }, field.type),
      )
    );
  }
  if (type.kind !== "struct" || !sameFields(feature, type.fields)) return false;
  return type.fields.every((field) => featureFits(feature[field.name], field.type));
}

/**
 * Features of merged columns: the first that fits the common type, otherwise derived from the type. ClassLabels whose
 * names disagree are plain numbers: one's names would be wrong for the other's values.
 */
export function mergeFeatures(columns: readonly Column[], parts: readonly Features[]): Features {
  const given: Features = {};
  for (const { name, type } of columns) {
    const tree = parseType(type);
    const fitting = parts
      .filter((part) => Object.hasOwn(part, name) && featureFits(part[name], tree))
      .map((part) => part[name]);
    if (fitting.length > 0) given[name] = fitting.reduce(meetLabels);
  }
  return describeFeatures(columns, given);
}

function sameFields(feature: Record<string, unknown>, fields: { name: string }[]): boolean {
  const names = Object.keys(feature);
  return names.length === fields.length && fields.every((field, at) => names[at] === field.name);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isStruct(feature: unknown): feature is Record<string, unknown> {
  return isRecord(feature) && typeof feature._type !== "string";
}
