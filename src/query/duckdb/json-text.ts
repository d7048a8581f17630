import { formatType, parseMap, type TypeTree } from "../../schema/type-tree.ts";
import { quoteText } from "../sql.ts";

/** What stands for NaN and Infinity, which JSON has not: null, or the texts "NaN", "Infinity" and "-Infinity". */
type NotFinite = "null" | "text";

/** SQL for a value of structs, lists and maps as JSON that every reader takes. */
export function jsonOf(tree: TypeTree, expression: string, notFinite: NotFinite): string {
  return tree.kind === "scalar" && tree.name === "VARIANT"
    ? variantText(expression)
    : `to_json(${ready(tree, expression, notFinite)})`;
}

const PREPARED = /\b(FLOAT|DOUBLE|TIMESTAMP WITH TIME ZONE|VARIANT|MAP)\b|\bDECIMAL\((\d+),\s*\2\)/;
/** Decimals without a digit in front of the point, which the engine writes as `.5`: that is no JSON. */
export const FRACTION = /^DECIMAL\((\d+),\s*\1\)$/;
const MAX_DIGITS = 38;

/**
 * The value with parts that its JSON gives back: FLOAT 0.1 is 0.1, not 0.10000000149011612 (through its shortest text),
 * what is not a number is null or its name, a decimal that no type holds together with a digit in front of the point is
 * text, a time is in UTC, a VARIANT is what it holds.
 */
function ready(tree: TypeTree, expression: string, notFinite: NotFinite, depth = 0): string {
  if (!PREPARED.test(formatType(tree))) return expression;
  const element = `x${depth}`;
  if (tree.kind === "list") {
    const list = `${expression}::${formatType(tree.element)}[]`;
    return `list_transform(${list}, lambda ${element}: ${ready(tree.element, element, notFinite, depth + 1)})`;
  }
  if (tree.kind === "struct") {
    const fields = tree.fields.map((field) => {
      const key = quoteText(field.name);
      const value = `struct_extract(${expression}, ${key})`;
      return `${key}: ${ready(field.type, value, notFinite, depth)}`;
    });
    return `CASE WHEN ${expression} IS NULL THEN NULL ELSE {${fields.join(", ")}} END`;
  }
  const map = parseMap(tree.name);
  if (map !== undefined) {
    const isZoned = map.key.kind === "scalar" && map.key.name === "TIMESTAMP WITH TIME ZONE";
    const key = isZoned ? inUtc(`${element}.key`) : `${element}.key`;
    // Made anew in any case: a map of a file may have a key twice, which the engine refuses here.
    const value = ready(map.value, `${element}.value`, notFinite, depth + 1);
    return mapEntries(expression, element, key, value);
  }
  const [, digits] = FRACTION.exec(tree.name) ?? [];
  if (Number(digits) === MAX_DIGITS) return fractionText(expression);
  if (digits !== undefined) return `CAST(${expression} AS DECIMAL(${Number(digits) + 1},${digits}))`;
  if (tree.name === "FLOAT") return finite(`CAST(CAST(${expression} AS VARCHAR) AS DOUBLE)`, notFinite);
  if (tree.name === "DOUBLE") return finite(expression, notFinite);
  if (tree.name === "VARIANT") return `CAST(${variantText(expression)} AS JSON)`;
  if (tree.name === "TIMESTAMP WITH TIME ZONE") return inUtc(expression);
  return expression;
}

/** A decimal without digits in front of its point as text: the engine leaves out the zero there. */
export function fractionText(decimal: string): string {
  return `replace(CAST(${decimal} AS VARCHAR), '.', '0.')`;
}

/** SQL that NaN or Infinity is in a value, for which its JSON has null; undefined where its type has no such numbers. */
export function losesNumbers(tree: TypeTree, value: string, depth = 0): string | undefined {
  const element = `x${depth}`;
  const anyOf = (list: string, holds: string | undefined) =>
    holds && `coalesce(list_bool_or(list_transform(${list}, lambda ${element}: ${holds})), false)`;
  if (tree.kind === "list") {
    const list = tree.length === undefined ? value : `${value}::${formatType(tree.element)}[]`;
    return anyOf(list, losesNumbers(tree.element, element, depth + 1));
  }
  if (tree.kind === "struct") {
    const fields = tree.fields.flatMap(
      ({ name, type }) => losesNumbers(type, `struct_extract(${value}, ${quoteText(name)})`, depth) ?? [],
    );
    return fields.length === 0 ? undefined : `(${fields.join(" OR ")})`;
  }
  if (tree.name === "FLOAT" || tree.name === "DOUBLE") return `coalesce(NOT isfinite(${value}), false)`;
  if (tree.name === "VARIANT") {
    const text = `CAST(CAST(${value} AS JSON) AS VARCHAR)`;
    return `coalesce(regexp_matches(${text}, 'NaN|Infinity') AND ${variantText(value)} IS DISTINCT FROM ${text}, false)`;
  }
  const map = parseMap(tree.name);
  return map && anyOf(`map_values(${value})`, losesNumbers(map.value, element, depth + 1));
}

/** A time with a zone as one without, in UTC: AT TIME ZONE would need an extension that is not there everywhere. */
export function inUtc(time: string): string {
  const infinity = `CAST(CAST(${time} AS VARCHAR) AS TIMESTAMP)`;
  return `CASE WHEN isfinite(${time}) THEN make_timestamp(epoch_us(${time})) ELSE ${infinity} END`;
}

/**
 * What a VARIANT holds as JSON text. NaN and Infinity in it are null: a mark, which no JSON has, is put behind each text
 * and in the place of each of them, and is left where no text is in front of it. A null of its own is NULL.
 */
function variantText(expression: string): string {
  const text = `CAST(CAST(${expression} AS JSON) AS VARCHAR)`;
  const token = String.raw`("(?:[^"\\]|\\.)*")|-?(?:NaN|Infinity)`;
  const marked = `regexp_replace(${text}, ${quoteText(token)}, '\\1' || chr(1), 'g')`;
  const mended = `replace(replace(${marked}, '"' || chr(1), '"'), chr(1), 'null')`;
  return `nullif(CASE WHEN regexp_matches(${text}, 'NaN|Infinity') THEN ${mended} ELSE ${text} END, 'null')`;
}

function finite(expression: string, notFinite: NotFinite): string {
  if (notFinite === "null") return `CASE WHEN isfinite(${expression}) THEN ${expression} END`;
  const named = [
    "isnan(_) THEN to_json('NaN')",
    "_ > 0 THEN to_json('Infinity')",
    "_ < 0 THEN to_json('-Infinity')",
  ];
  const others = named.map((one) => `WHEN ${one.replace("_", () => expression)}`).join(" ");
  return `CASE WHEN isfinite(${expression}) THEN to_json(${expression}) ${others} END`;
}

/** A map with other entries; `key` and `value` make them of `<element>.key` and `<element>.value`. */
export function mapEntries(map: string, element: string, key: string, value: string): string {
  return `map_from_entries(list_transform(map_entries(${map}), lambda ${element}: {k: ${key}, v: ${value}}))`;
}
