import { ESCAPE_MARK, STRING_LITERAL } from "../../schema/escaped-text.ts";
import { isOfNumber, type JsonStep } from "../../schema/json-path.ts";
import { type Contains, conditionRenderer, type SearchAt } from "../condition.ts";
import { quoteName, quoteText } from "../sql.ts";

/** A condition on rows in the SQL of Trino and Athena. */
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

/** `decodedStrings` of schema/escaped-text.ts: of JSON written in ASCII its strings are searched too. */
function decodedContains(value: string, contains: Contains): string {
  const strings = `regexp_extract_all(${value}, ${quoteText(STRING_LITERAL)})`;
  const found = `any_match(${strings}, s -> ${contains("json_extract_scalar(try(json_parse(s)), '$')", false)})`;
  // CASE and not AND: both sides of that are worked out for every row.
  return `CASE WHEN strpos(${value}, ${quoteText(ESCAPE_MARK)}) > 0 THEN ${found} ELSE false END`;
}

/**
 * That a string or number at a path holds the text. The look at the whole column spares most rows the parsing: in JSON
 * text a string stands as it is, or some character of it is escaped by a backslash; a number stands as it is.
 */
function containsAt(column: string, { steps, text, isIn, contains }: SearchAt): string {
  const values = valuesAt(column, steps);
  const isString = startsWith("x", '"');
  const strings = `any_match(${values}, x -> ${isString} AND ${contains("json_extract_scalar(x, '$')", false)})`;
  const hasEscapes = `strpos(${column}, ${quoteText("\\")}) > 0`;
  if (isOfNumber(text)) {
    const value = `CASE WHEN ${isString} THEN json_extract_scalar(x, '$') WHEN ${IS_NUMBER} THEN ${plainNumber("json_format(x)")} END`;
    return `CASE WHEN ${isIn} THEN any_match(${values}, x -> ${contains(value, false)}) WHEN ${hasEscapes} THEN ${strings} ELSE false END`;
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON escapes these
  const mayHold = /["\\\u0000-\u001f]/.test(text) ? hasEscapes : `${isIn} OR ${hasEscapes}`;
  return `CASE WHEN ${mayHold} THEN ${strings} ELSE false END`;
}

const IS_NUMBER = "substr(json_format(x), 1, 1) IN ('-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9')";

/** Trino writes 12345678.5 as 1.23456785E7; a number is searched as it is written elsewhere. */
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
 * `valuesAt` of schema/json-path.ts, lists in lists two levels deep: an array of JSON values, NULL for text that is no
 * JSON. What stands before the first index is one SQL/JSON path, at a quarter of the price of the rest, which that cannot
 * say: its `[0]` takes what is no list for a list of one.
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

/** `json_query` alone passes over what stands behind the end of a document. */
function query(column: string, path: string): string {
  const document = `json_format(try(json_parse(${column})))`;
  return `CAST(json_parse(json_query(${document}, ${quoteText(path)} WITH ARRAY WRAPPER)) AS array(json))`;
}

/** In lax mode `[*]` takes what is no list as it is, and a field is looked for in the elements of one more list. */
function laxPath(steps: readonly JsonStep[]): string {
  const parts = steps.map((step) => ("key" in step ? `[*].${quoteName(step.key)}` : "[*][*]"));
  return `lax $${parts.join("")}`;
}

/** `json_extract` takes the step `[0]` into an object and `.0` into a list too, hence the look at what a value is. */
function extract(list: string, first: "[" | "{", path: string): string {
  return `transform(${list}, x -> CASE WHEN ${startsWith("x", first)} THEN json_extract(x, ${quoteText(path)}) END)`;
}

/** The elements of lists, and of lists in them, in the place of these. */
function elements(list: string): string {
  const once = (inner: string) =>
    `flatten(transform(${inner}, x -> CASE WHEN ${startsWith("x", "[")} THEN CAST(x AS array(json)) ELSE ARRAY[x] END))`;
  return once(once(list));
}

/** What a JSON value is, by its first character. */
function startsWith(value: string, character: string): string {
  return `substr(json_format(${value}), 1, 1) = ${quoteText(character)}`;
}
