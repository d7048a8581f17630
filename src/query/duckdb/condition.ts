import { ONLY_ESCAPED, STRING_LITERAL } from "../../schema/escaped-text.ts";
import { isOfScalar, type JsonStep } from "../../schema/json-path.ts";
import { type Contains, conditionRenderer, type SearchAt } from "../condition.ts";
import { toNfc } from "../normal-form.ts";
import { quoteName, quoteText } from "../sql.ts";

/** A condition on rows in DuckDB's SQL. */
export const renderCondition = conditionRenderer({
  any: {
    field: (struct, name) => `struct_extract(${struct}, ${quoteText(name)})`,
    element: (list, element, holds) => `list_bool_or(list_transform(${list}, lambda ${element}: ${holds}))`,
  },
  hasValue: ({ name }) => hasValue(name),
  hasValueAt,
  composed: toNfc,
  holds: (value, text) => `contains(${value}, ${text})`,
  containsAt,
  decodedContains,
});

/** Both; of an AND the engine tries both orders, and the second takes twenty times as long. */
function onlyWhere(first: string, second: string): string {
  return `CASE WHEN ${first} THEN ${second} ELSE false END`;
}

/** `decodedStrings` of schema/escaped-text.ts: of JSON with the mark its strings are searched, too. */
function decodedContains(value: string, mark: string, contains: Contains): string {
  const strings = `list_transform(regexp_extract_all(${value}, ${quoteText(STRING_LITERAL)}), lambda s: TRY_CAST(s AS JSON) ->> '$')`;
  const found = `list_bool_or(list_transform(${strings}, lambda s: ${contains("s", false)}))`;
  return onlyWhere(`contains(${value}, ${quoteText(mark)})`, found);
}

/**
 * That a string, number, true, false or null at a path holds the text. In JSON text a string stands as it is, or some
 * character of it is escaped by a backslash; the others stand as they are.
 */
function containsAt(column: string, { steps, text, isIn, contains }: SearchAt): string {
  const values = valuesAt(column, steps);
  const found = (value: string) =>
    `list_bool_or(list_transform(list_transform(${values}, lambda x: CASE ${value} END), lambda s: ${contains("s", false)}))`;
  const strings = found(STRING);
  const hasEscapes = `contains(${column}, ${quoteText("\\")})`;
  if (isOfScalar(text)) {
    return `CASE WHEN ${isIn} THEN ${found(`${STRING} ${SCALAR}`)} ELSE ${onlyWhere(hasEscapes, strings)} END`;
  }
  const mayHold = ONLY_ESCAPED.test(text) ? hasEscapes : `${isIn} OR ${hasEscapes}`;
  return onlyWhere(mayHold, strings);
}

const STRING = "WHEN json_type(x) = 'VARCHAR' THEN x ->> '$'";
const SCALAR =
  "WHEN json_type(x) IN ('BIGINT', 'UBIGINT', 'DOUBLE', 'BOOLEAN', 'NULL') THEN CAST(x AS VARCHAR)";

function hasValue(name: string): string {
  const column = quoteName(name);
  return `(${column} IS NOT NULL AND CAST(${column} AS VARCHAR) <> '')`;
}

function hasValueAt(name: string, steps: readonly JsonStep[]): string {
  const filled = `json_type(x) <> 'NULL' AND CAST(x AS VARCHAR) <> '""'`;
  return `list_bool_or(list_transform(${valuesAt(quoteName(name), steps)}, lambda x: ${filled}))`;
}

/** `valuesAt` of schema/json-path.ts: a list of JSON values, NULL among them; the list is empty for text that is no JSON. */
function valuesAt(column: string, steps: readonly JsonStep[]): string {
  let list = `[TRY_CAST(${column} AS JSON)]`;
  for (const step of steps) {
    if ("each" in step) list = elements(list);
    else if ("index" in step) list = `list_transform(${list}, lambda x: json_extract(x, '$[${step.index}]'))`;
    else
      list = `list_transform(${elements(list)}, lambda x: json_extract(x, ${quoteText(fieldPath(step.key))}))`;
  }
  return elements(list);
}

/** The elements of lists, and of lists in them, in the place of these. */
function elements(list: string): string {
  const once = (inner: string) =>
    `flatten(list_transform(${inner}, lambda x: CASE WHEN json_type(x) = 'ARRAY' THEN json_extract(x, '$[*]') ELSE [x] END))`;
  return once(once(list));
}

function fieldPath(key: string): string {
  return `$."${key.replace(/["\\]/g, "\\$&")}"`;
}
