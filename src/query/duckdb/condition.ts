import type { JsonStep } from "../../schema/json-path.ts";
import { composeText } from "../normal-form.ts";
import type { ColumnCondition } from "../row-plan.ts";
import { quoteName, quoteText } from "../sql.ts";

/**
 * A condition on rows in DuckDB's SQL: true, or false or NULL. `normal` says that all texts of these columns are known
 * to be in NFC; then a text is looked for in what is stored as it is.
 */
export function renderCondition(condition: ColumnCondition, normal: boolean): string {
  const { columns, text, steps, ignoreCase } = condition;
  if (text === undefined) {
    return anyOf(columns.map(({ name }) => (steps ? hasValueAt(name, steps) : hasValue(name))));
  }
  const contains = (value: string, known: boolean) => {
    const composed = known ? value : composeText(value);
    if (ignoreCase) return `contains(lower(${composed}), lower(${quoteText(text)}))`;
    return `contains(${composed}, ${quoteText(text)})`;
  };
  return anyOf(
    columns.map(({ name }) => {
      const column = quoteName(name);
      if (!steps) return contains(column, normal);
      const found = `list_bool_or(list_transform(${stringsAt(column, steps)}, s -> ${contains("s", false)}))`;
      return `((${mayHold(column, contains(column, normal), text)}) AND ${found})`;
    }),
  );
}

function anyOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? "false" : `(${conditions.join(" OR ")})`;
}

/** In JSON text a string stands as it is, or some character of it is escaped by a backslash. */
function mayHold(column: string, contained: string, text: string): string {
  const escaped = `contains(${column}, ${quoteText("\\")})`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON escapes these
  return /["\\\u0000-\u001f]/.test(text) ? escaped : `${contained} OR ${escaped}`;
}

function hasValue(name: string): string {
  const column = quoteName(name);
  return `(${column} IS NOT NULL AND CAST(${column} AS VARCHAR) <> '')`;
}

function hasValueAt(name: string, steps: readonly JsonStep[]): string {
  const filled = `json_type(x) <> 'NULL' AND CAST(x AS VARCHAR) <> '""'`;
  return `list_bool_or(list_transform(${valuesAt(quoteName(name), steps)}, x -> ${filled}))`;
}

function stringsAt(column: string, steps: readonly JsonStep[]): string {
  return `list_transform(${valuesAt(column, steps)}, x -> CASE WHEN json_type(x) = 'VARCHAR' THEN x ->> '$' END)`;
}

/** `valuesAt` of schema/json-path.ts: a list of JSON values, NULL among them; the list is empty for text that is no JSON. */
function valuesAt(column: string, steps: readonly JsonStep[]): string {
  let list = `[TRY_CAST(${column} AS JSON)]`;
  for (const step of steps) {
    if ("each" in step) list = elements(list);
    else if ("index" in step) list = `list_transform(${list}, x -> json_extract(x, '$[${step.index}]'))`;
    else list = `list_transform(${elements(list)}, x -> json_extract(x, ${quoteText(fieldPath(step.key))}))`;
  }
  return elements(list);
}

/** The elements of lists, and of lists in them, in the place of these. */
function elements(list: string): string {
  const once = (inner: string) =>
    `flatten(list_transform(${inner}, x -> CASE WHEN json_type(x) = 'ARRAY' THEN json_extract(x, '$[*]') ELSE [x] END))`;
  return once(once(list));
}

function fieldPath(key: string): string {
  return `$."${key.replace(/["\\]/g, "\\$&")}"`;
}
