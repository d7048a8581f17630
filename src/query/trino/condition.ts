import type { JsonStep } from "../../schema/json-path.ts";
import type { ColumnCondition } from "../row-plan.ts";
import { quoteName, quoteText } from "../sql.ts";

/**
 * A condition on rows in the SQL of Trino and Athena: true, or false or NULL. `normal` says that all texts of these
 * columns are known to be in NFC; then a text is looked for in what is stored as it is.
 */
export function renderCondition(condition: ColumnCondition, normal: boolean): string {
  const { columns, text, steps, ignoreCase } = condition;
  if (text === undefined) {
    return anyOf(columns.map(({ name, type }) => (steps ? hasValueAt(name, steps) : hasValue(name, type))));
  }
  const contains = (value: string, known: boolean) => {
    const composed = known ? value : `normalize(${value}, NFC)`;
    if (ignoreCase) return `strpos(lower(${composed}), lower(${quoteText(text)})) > 0`;
    return `strpos(${composed}, ${quoteText(text)}) > 0`;
  };
  return anyOf(
    columns.map(({ name }) => {
      const column = quoteName(name);
      if (!steps) return contains(column, normal);
      const found = contains("json_extract_scalar(x, '$')", false);
      const matches = `any_match(${valuesAt(column, steps)}, x -> ${startsWith("x", '"')} AND ${found})`;
      // CASE and not AND: both sides of that are worked out for every row.
      return `CASE WHEN ${mayHold(column, contains(column, normal), text)} THEN ${matches} ELSE false END`;
    }),
  );
}

function anyOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? "false" : `(${conditions.join(" OR ")})`;
}

/**
 * Spares most rows the parsing: in JSON text a string stands as it is, or some character of it is escaped by a backslash.
 */
function mayHold(column: string, contained: string, text: string): string {
  const escaped = `strpos(${column}, ${quoteText("\\")}) > 0`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON escapes these
  return /["\\\u0000-\u001f]/.test(text) ? escaped : `${contained} OR ${escaped}`;
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
