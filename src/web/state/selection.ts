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
}

export const FACETS = ["providers", "datasets", "tasks", "variants"] as const;
export type Facet = (typeof FACETS)[number];

export function readSelection(query: URLSearchParams): RowSelection {
  const list = (name: Facet) => query.getAll(name).filter((one) => one !== "");
  return {
    providers: list("providers"),
    datasets: list("datasets"),
    tasks: list("tasks"),
    variants: list("variants"),
    text: query.get("text") ?? "",
    column: query.get("column") ?? "",
    json_path: query.get("json_path") ?? "",
    ignore_case: query.get("ignore_case") === "true",
  };
}

/** As parameters: those that mean nothing without another are left out. */
export function parametersOf(selection: RowSelection): Parameters {
  const { providers, datasets, tasks, variants, text, column, json_path, ignore_case } = selection;
  return {
    providers,
    datasets,
    tasks,
    variants,
    text,
    column,
    json_path: column === "" ? undefined : json_path,
    ignore_case: text !== "" && ignore_case ? "true" : undefined,
  };
}

export function selectionQuery(selection: RowSelection, more: Parameters = {}): string {
  return queryOf({ ...parametersOf(selection), ...more }).toString();
}
