import { AppError } from "../errors.ts";
import { inUtc, jsonOf } from "../query/duckdb/json-text.ts";
import { INTEGERS_OF_BOTH } from "../schema/column-types.ts";
import { formatType, parseMap, parseType, type TypeTree } from "../schema/type-tree.ts";

/** How a source column is stored: its plain type, and the SQL that makes it from `expression`. */
export interface PlainColumn {
  type: string;
  expression: string;
}

const INTEGERS: Record<string, string> = {
  TINYINT: "INTEGER",
  SMALLINT: "INTEGER",
  UTINYINT: "INTEGER",
  USMALLINT: "INTEGER",
  INTEGER: "INTEGER",
  UINTEGER: "BIGINT",
  BIGINT: "BIGINT",
  // What the engine makes of 64-bit integers with a sign beside some without.
  HUGEINT: INTEGERS_OF_BOTH,
};
const KEPT = new Set(["BOOLEAN", "UBIGINT", "FLOAT", "DOUBLE", "VARCHAR", "DATE", "TIMESTAMP", "BLOB"]);

/** Lists of lists of so many levels stay lists. */
export const MAX_LIST_LEVELS = 8;

/** Finer than what is stored: whether it fits depends on the values, which the caller looks at. */
export const NANOSECONDS = "TIMESTAMP_NS";

/**
 * Reduces a DuckDB type to the plain kinds that every engine reads (schema/columns.ts). Structs, maps and lists that
 * hold them become JSON strings, other lists stay lists; timestamps become UTC in microseconds, and text where
 * `isFiner` says that those are not enough; integers of less than 64 bits widen; decimals stay. Throws `type_mismatch`
 * for binary data inside a nested column.
 */
export function plainColumn(name: string, type: string, expression: string, isFiner = false): PlainColumn {
  const tree = parseType(type);
  refuseShape(name, tree);
  refuseDeepList(name, tree);
  if (tree.kind !== "scalar") refuseBinary(name, tree);
  if (isNested(tree)) {
    refuseBinary(name, tree); // in a map, too
    refuseLongFraction(name, type);
    refuseNestedKeys(name, tree);
    return { type: "VARCHAR", expression: `CAST(${jsonOf(tree, expression, "null")} AS VARCHAR)` };
  }
  return plainTree(tree, expression, isFiner);
}

function plainTree(tree: TypeTree, expression: string, isFiner: boolean, depth = 0): PlainColumn {
  if (tree.kind === "list") {
    const x = `x${depth}`; // a lambda inside a lambda needs a name of its own
    const element = plainTree(tree.element, x, isFiner, depth + 1);
    if (element.expression === x && tree.length === undefined) {
      return { type: `${element.type}[]`, expression };
    }
    const list = tree.length === undefined ? expression : `${expression}::${formatType(tree.element)}[]`;
    const each =
      element.expression === x ? list : `list_transform(${list}, lambda ${x}: ${element.expression})`;
    return { type: `${element.type}[]`, expression: each };
  }
  if (tree.kind === "struct")
    return { type: "VARCHAR", expression: `CAST(to_json(${expression}) AS VARCHAR)` };
  return plainScalar(tree.name, expression, isFiner);
}

function plainScalar(type: string, expression: string, isFiner: boolean): PlainColumn {
  const cast = (to: string) => ({ type: to, expression: `CAST(${expression} AS ${to})` });
  if (KEPT.has(type)) return { type, expression };
  const integer = INTEGERS[type];
  if (integer !== undefined) return integer === type ? { type, expression } : cast(integer);
  if (type === "TIMESTAMP WITH TIME ZONE") return { type: "TIMESTAMP", expression: inUtc(expression) };
  if (type.startsWith("TIMESTAMP")) return cast(type === NANOSECONDS && isFiner ? "VARCHAR" : "TIMESTAMP");
  if (/^DECIMAL\(\d+,\s*\d+\)$/.test(type)) return { type, expression };
  return cast("VARCHAR");
}

/** True for structs and maps, and for lists that hold them: stored as JSON. */
export function isNested(tree: TypeTree): boolean {
  if (tree.kind === "list") return isNested(tree.element);
  if (tree.kind === "struct") return true;
  return /^(MAP|UNION|STRUCT)\(/.test(tree.name) || tree.name === "VARIANT";
}

function refuseBinary(name: string, tree: TypeTree): void {
  const inside =
    tree.kind === "list" ? [tree.element] : tree.kind === "struct" ? tree.fields.map((f) => f.type) : [];
  for (const child of inside) refuseBinary(name, child);
  if (tree.kind === "scalar" && /\bBLOB\b/.test(tree.name)) {
    throw new AppError(
      "type_mismatch",
      `the column ${JSON.stringify(name)} contains binary data inside a list or struct that is not an image (bytes and path); give it a column of its own, or drop it`,
      { details: { column: name } },
    );
  }
}

/** A key of JSON is a text: only a plain value can be told from it. */
function refuseNestedKeys(name: string, tree: TypeTree): void {
  const map = tree.kind === "scalar" ? parseMap(tree.name) : undefined;
  if (map !== undefined && (map.key.kind !== "scalar" || parseMap(map.key.name) !== undefined)) {
    throw new AppError(
      "type_mismatch",
      `the column ${JSON.stringify(name)} contains a map whose keys are objects, lists or maps, for which JSON has no place; give it as a list of objects`,
      { details: { column: name } },
    );
  }
  const inside =
    tree.kind === "list" ? [tree.element] : tree.kind === "struct" ? tree.fields.map((f) => f.type) : [];
  for (const child of map === undefined ? inside : [map.value]) refuseNestedKeys(name, child);
}

/** There is no wider decimal that would put a zero in front of its point, as JSON wants it. */
function refuseLongFraction(name: string, type: string): void {
  if (!/\bDECIMAL\(38,\s*38\)/.test(type)) return;
  throw new AppError(
    "type_mismatch",
    `the column ${JSON.stringify(name)} contains decimals of 38 digits behind the point inside an object or a map, which JSON cannot hold exactly; write them as text`,
    { details: { column: name } },
  );
}

/** What the engine does with each further level takes twice as long. */
function refuseDeepList(name: string, tree: TypeTree): void {
  let levels = 0;
  for (let at = tree; at.kind === "list"; at = at.element) levels++;
  if (levels <= MAX_LIST_LEVELS) return;
  throw new AppError(
    "type_mismatch",
    `the column ${JSON.stringify(name)} has nested lists of ${levels} levels, and ${MAX_LIST_LEVELS} are supported; give it as JSON text`,
    { details: { column: name } },
  );
}

/** A shape on a map has no text that is exact in every engine. */
function refuseShape(name: string, tree: TypeTree): void {
  if (!/\bGEOMETRY\b/.test(formatType(tree))) return;
  throw new AppError(
    "type_mismatch",
    `the column ${JSON.stringify(name)} contains geometries, which are not supported; write them as text (WKT) or GeoJSON`,
    { details: { column: name } },
  );
}
