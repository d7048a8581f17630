import { DataType, DateUnit, type Field, type Schema, TimeUnit } from "apache-arrow";
import { AppError } from "../../errors.ts";
import { mapEntries } from "../../query/duckdb/json-text.ts";
import { quoteName, quoteText } from "../../query/sql.ts";

/**
 * SQL that gives columns their meaning back for which Parquet has no type, at any depth: seconds and dates of
 * milliseconds come out as bare integers, and decimals with all digits of their width (plainSchema). For REPLACE; empty
 * where nothing is to be done.
 */
export function convertedColumns(schema: Schema): string {
  return schema.fields
    .map((field) => ({ field, read: convert(field.type, quoteName(field.name), 0) }))
    .filter(({ read }) => read !== undefined)
    .map(({ field, read }) => `${read} AS ${quoteName(field.name)}`)
    .join(", ");
}

/** What the engine says of seconds that are more than a day, or negative; read-failure.ts has our words for it. */
const NO_TIME_OF_DAY = "no time of day";

/** A value's expression; undefined where it is right as it is. */
function convert(type: DataType, value: string, level: number): string | undefined {
  if (DataType.isDate(type) && type.unit === DateUnit.MILLISECOND) {
    return `CAST(make_timestamp(${value} * 1000) AS DATE)`;
  }
  if (DataType.isTimestamp(type) && type.unit === TimeUnit.SECOND) {
    return `make_timestamp(${value} * 1000000)`;
  }
  if (DataType.isTime(type) && type.unit === TimeUnit.SECOND) {
    return `CASE WHEN ${value} BETWEEN 0 AND 86399 THEN TIME '00:00:00' + to_seconds(${value})
      WHEN ${value} = 86400 THEN TIME '24:00:00' WHEN ${value} IS NOT NULL THEN error('${NO_TIME_OF_DAY}') END`;
  }
  if (DataType.isDecimal(type)) return `CAST(${value} AS DECIMAL(${type.precision},${type.scale}))`;
  if (DataType.isDictionary(type)) return convert(type.dictionary, value, level); // Parquet has its values
  const element = `x${level}`;
  if (DataType.isList(type) || DataType.isFixedSizeList(type)) {
    const inside = convert(type.valueType, element, level + 1);
    return inside && `list_transform(${value}, lambda ${element}: ${inside})`;
  }
  if (DataType.isMap(type)) {
    const own = { key: `${element}.key`, value: `${element}.value` };
    const key = convert(type.keyType, own.key, level + 1);
    const inside = convert(type.valueType, own.value, level + 1);
    if (key === undefined && inside === undefined) return undefined;
    return mapEntries(value, element, key ?? own.key, inside ?? own.value);
  }
  if (!DataType.isStruct(type)) return undefined;
  const inside = (type.children as Field[]).map((field) => {
    const own = `struct_extract(${value}, ${quoteText(field.name)})`;
    return { own, key: quoteText(field.name), read: convert(field.type, own, level) };
  });
  if (inside.every(({ read }) => read === undefined)) return undefined;
  const parts = inside.map(({ own, key, read }) => `${key}: ${read ?? own}`);
  return `CASE WHEN ${value} IS NOT NULL THEN {${parts.join(", ")}} END`;
}

/** Throws `unsupported_format` naming a column that no conversion gives back exactly. */
export function checkArrowTypes(path: string, schema: Schema): void {
  if (schema.fields.length === 0) {
    throw new AppError("empty_input", `${path} has no columns; there is nothing to upload`, {
      details: { path },
    });
  }
  const same = sameName(schema.fields);
  if (same !== undefined) {
    const both = same.map((name) => JSON.stringify(name)).join(" and ");
    throw new AppError(
      "unsupported_format",
      `${path} has columns whose names differ in case only (${both}); rename one of them`,
      { details: { path, columns: same } },
    );
  }
  for (const { name, type } of schema.fields) {
    const what = unfit(type);
    if (what === undefined) continue;
    throw new AppError(
      "unsupported_format",
      `${path}: the column ${JSON.stringify(name)} holds ${what}, which cannot be stored exactly; write it as text`,
      { details: { path, column: name } },
    );
  }
}

const MAX_DIGITS = 38;

function unfit(type: DataType): string | undefined {
  if (DataType.isDecimal(type) && type.precision > MAX_DIGITS) return `decimals of ${type.precision} digits`;
  if (DataType.isDecimal(type) && type.scale < 0) return "decimals of a negative scale";
  if (DataType.isUnion(type)) return "values of several types (a union)";
  if (DataType.isInterval(type)) return "intervals of the calendar";
  if (DataType.isFixedSizeBinary(type) && type.byteWidth === 0) return "binary values of no bytes";
  const children = (type.children ?? []) as Field[];
  if (DataType.isDictionary(type))
    return children.length > 0 ? "a dictionary of lists or objects" : unfit(type.dictionary);
  if (DataType.isStruct(type)) {
    if (children.length === 0) return "objects without fields";
    if (children.some(({ name }) => name === "")) return "a field without a name";
    if (children.some(({ name }) => name.includes("\0"))) return "a field whose name has a NUL";
    if (sameName(children)) return "fields whose names differ in case only";
  }
  for (const child of children) {
    const what = unfit(child.type);
    if (what !== undefined) return what;
  }
  return undefined;
}

/** Two names that are one to a query. */
function sameName(fields: readonly Field[]): [string, string] | undefined {
  const names = new Map<string, string>();
  for (const { name } of fields) {
    const other = names.get(name.toLowerCase());
    if (other !== undefined) return [other, name];
    names.set(name.toLowerCase(), name);
  }
  return undefined;
}
