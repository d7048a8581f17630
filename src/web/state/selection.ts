import { type Parameters, queryOf } from "./url.ts";

/** Which rows are looked at, as it stands in the URL of every screen that shows rows, and in those of the server. */
export interface RowSelection {
  providers: string[];
  datasets: string[];
  tasks: string[];
  variants: string[];
  text: string;
  column: string;
  json_path: string;
  ignore_case: boolean;
  /** Each word of the text is searched for, not the text as a whole. */
  each_word: boolean;
  /** Filters, `name=value`: of one name any holds, of several all. */
  where: string[];
}

export const FACETS = ["providers", "datasets", "tasks", "variants"] as const;
export type Facet = (typeof FACETS)[number];

export function readSelection(query: URLSearchParams): RowSelection {
  const list = (name: Facet | "where") => query.getAll(name).filter((one) => one !== "");
  return {
    providers: list("providers"),
    datasets: list("datasets"),
    tasks: list("tasks"),
    variants: list("variants"),
    text: query.get("text") ?? "",
    column: query.get("column") ?? "",
    json_path: query.get("json_path") ?? "",
    ignore_case: query.get("ignore_case") === "true",
    each_word: query.get("each_word") === "true",
    where: list("where"),
  };
}

/** As parameters: those that mean nothing without another are left out. */
export function parametersOf(selection: RowSelection): Parameters {
  const { text, column, json_path, ignore_case, each_word, ...lists } = selection;
  return {
    ...lists,
    text,
    column,
    json_path: column === "" ? undefined : json_path,
    ignore_case: text !== "" && ignore_case ? "true" : undefined,
    each_word: each_word && hasWords(text) ? "true" : undefined,
  };
}

/** Whether a text is of several words. */
export function hasWords(text: string): boolean {
  return /\S\s+\S/u.test(text);
}

/** What is searched for, each by itself: the text, or its words. */
export function searchedTexts({ text, each_word }: Pick<RowSelection, "text" | "each_word">): string[] {
  const texts = each_word ? text.split(/\s+/u) : [text];
  return [...new Set(texts)].filter((one) => one !== "");
}

/** The selection of an address with its order: rows by their place. */
export function rowsQuery(query: URLSearchParams): string {
  return selectionQuery(readSelection(query), { sort: query.get("sort") ?? undefined });
}

/** Whether filters or the order of an address are of what labels hold, which has to be counted first. */
export function isOfLabels(query: URLSearchParams): boolean {
  const names = [...query.getAll("where"), (query.get("sort") ?? "").replace(/^-/, "")];
  return names.some((name) => name.startsWith("label."));
}

/** The body of a request for this selection. */
export function selectionBody(selection: RowSelection): Record<string, unknown> {
  const { ignore_case, each_word, ...given } = parametersOf(selection);
  const isGiven = (value: unknown) =>
    value !== undefined && value !== "" && !(Array.isArray(value) && value.length === 0);
  return {
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => isGiven(value))),
    ...(ignore_case !== undefined && { ignore_case: true }),
    ...(each_word !== undefined && { each_word: true }),
  };
}

export function selectionQuery(selection: RowSelection, more: Parameters = {}): string {
  return queryOf({ ...parametersOf(selection), ...more }).toString();
}
