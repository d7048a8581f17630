import { ONLY_ESCAPED, STRING_LITERAL } from "../../schema/escaped-text.ts";
import { isOfScalar, type JsonStep } from "../../schema/json-path.ts";
import { type Contains, conditionRenderer, type SearchAt } from "../condition.ts";
import { quoteName, quoteText } from "../sql.ts";

/** Row conditions in the SQL of Trino and Athena. */
export const renderCondition = conditionRenderer({
  any: {
    field: (struct, name) => `${struct}.${quoteName(name)}`,
    element: (list, element, holds) => `any_match(${list}, ${element} -> ${holds})`,
  },
  hasValue: ({ name, type }) => hasValue(name, type),
  hasValueAt,
  composed: (value) => `normalize(${value}, NFC)`,
  holds: (value, text) => `strpos(${value}, ${text}) > 0`,
  containsAt,
  decodedContains,
});

/** `decodedStrings` of schema/escaped-text.ts: also searches the strings of JSON with the mark. */
function decodedContains(value: string, mark: string, contains: Contains): string {
  const strings = `regexp_extract_all(${value}, ${quoteText(STRING_LITERAL)})`;
  const found = `any_match(${strings}, s -> ${contains("json_extract_scalar(try(json_parse(s)), '$')", false)})`;
  // CASE instead of AND, which evaluates both sides for every row.
  return `CASE WHEN strpos(${value}, ${quoteText(mark)}) > 0 THEN ${found} ELSE false END`;
}

/**
 * SQL that a string, number, true, false or null at a path contains the text. A check of the whole column first
 * avoids parsing most rows: JSON contains strings unchanged or with backslash escapes, the others unchanged.
 */
function containsAt(column: string, { steps, text, isIn, contains }: SearchAt): string {
  const values = valuesAt(column, steps);
  const isString = startsWith("x", '"');
  const strings = `any_match(${values}, x -> ${isString} AND ${contains("json_extract_scalar(x, '$')", false)})`;
  const hasEscapes = `strpos(${column}, ${quoteText("\\")}) > 0`;
  if (isOfScalar(text)) {
    const value = `CASE WHEN ${isString} THEN json_extract_scalar(x, '$') WHEN ${IS_NUMBER} THEN ${plainNumber("json_format(x)")} WHEN ${IS_WORD} THEN json_format(x) END`;
    return `CASE WHEN ${isIn} THEN any_match(${values}, x -> ${contains(value, false)}) WHEN ${hasEscapes} THEN ${strings} ELSE false END`;
  }
  const mayHold = ONLY_ESCAPED.test(text) ? hasEscapes : `${isIn} OR ${hasEscapes}`;
  return `CASE WHEN ${mayHold} THEN ${strings} ELSE false END`;
}

const IS_NUMBER = "substr(json_format(x), 1, 1) IN ('-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9')";
const IS_WORD = "json_format(x) IN ('true', 'false', 'null')";

/** Trino prints 12345678.5 as 1.23456785E7; numbers are searched in plain notation. */
function plainNumber(text: string): string {
  const digits = `CAST(try_cast(${text} AS decimal(38, 16)) AS varchar)`;
  const plain = `regexp_replace(regexp_replace(${digits}, '0+$', ''), '\\.$', '.0')`;
  return `CASE WHEN strpos(${text}, 'E') > 0 THEN coalesce(${plain}, ${text}) ELSE ${text} END`;
}

function hasValue(name: string, type: string): string {
  const column = quoteName(name);
  if (type === "VARCHAR") return `${column} <> ''`;
  return type === "BLOB" ? `length(${column}) > 0` : `${column} IS NOT NULL`;
}

function hasValueAt(name: string, steps: readonly JsonStep[]): string {
  return `any_match(${valuesAt(quoteName(name), steps)}, x -> json_format(x) NOT IN ('null', '""'))`;
}

/**
 * `valuesAt` of schema/json-path.ts, for up to two levels of nested lists: an array of JSON values, NULL for
 * invalid JSON. Steps before the first index become one SQL/JSON path, at a quarter of the cost; an index
 * cannot, because its `[0]` also accepts values that are not lists.
 */
function valuesAt(column: string, steps: readonly JsonStep[]): string {
  const first = steps.findIndex((step) => "index" in step);
  if (first === -1) return query(column, `${laxPath(steps)}[*][*]`);
  let list =
    first === 0 ? `ARRAY[try(json_parse(${column}))]` : query(column, laxPath(steps.slice(0, first)));
  for (const step of steps.slice(first)) {
    if ("each" in step) list = elements(list);
    else if ("index" in step) list = extract(list, "[", `$[${step.index}]`);
    else list = extract(elements(list), "{", `$["${step.key.replace(/["\\]/g, "\\$&")}"]`);
  }
  return elements(list);
}

/** Only `json_query` ignores trailing data after a document. */
function query(column: string, path: string): string {
  const document = `json_format(try(json_parse(${column})))`;
  return `CAST(json_parse(json_query(${document}, ${quoteText(path)} WITH ARRAY WRAPPER)) AS array(json))`;
}

/** In lax mode `[*]` keeps values that are not lists, and field access unwraps one more list. */
function laxPath(steps: readonly JsonStep[]): string {
  const parts = steps.map((step) => ("key" in step ? `[*].${quoteName(step.key)}` : "[*][*]"));
  return `lax $${parts.join("")}`;
}

/** In `json_extract` `[0]` also applies to objects and `.0` to lists, so the value's kind is checked. */
function extract(list: string, first: "[" | "{", path: string): string {
  return `transform(${list}, x -> CASE WHEN ${startsWith("x", first)} THEN json_extract(x, ${quoteText(path)}) END)`;
}

/** Replaces lists, also nested ones, by their elements. */
function elements(list: string): string {
  const once = (inner: string) =>
    `flatten(transform(${inner}, x -> CASE WHEN ${startsWith("x", "[")} THEN CAST(x AS array(json)) ELSE ARRAY[x] END))`;
  return once(once(list));
}

/** Tests a JSON value's kind by its first character. */
function startsWith(value: string, character: string): string {
  return `substr(json_format(${value}), 1, 1) = ${quoteText(character)}`;
}
