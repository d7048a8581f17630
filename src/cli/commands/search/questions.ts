import type * as v from "valibot";
import { AppError } from "../../../errors.ts";
import type { QueryEngine } from "../../../query/engine.ts";
import { countTextPaths } from "../../../query/json-paths.ts";
import { searchedColumns } from "../../../query/row-plan.ts";
import { checkValue } from "../../../schema/check.ts";
import { JsonPathSchema } from "../../../schema/json-path.ts";
import { createSelector, PARTITION_COLUMNS, SELECTED, type Selection } from "../../../schema/partition.ts";
import { conditionOf, type PartitionCount, type RowQuery, SearchTextSchema } from "../../../schema/query.ts";
import { formatCount, formatQuantity } from "../../../util/format.ts";
import { askInTurn } from "../../terminal/steps.ts";
import { cutCell, oneLine } from "../../terminal/table.ts";
import type { Choice, Terminal } from "../../terminal/terminal.ts";
import { renderMatrix } from "./matrix.ts";
import { sampleTexts, type TextSample } from "./sample.ts";

export interface SearchQuestions {
  engine: QueryEngine;
  terminal: Terminal;
  signal: AbortSignal;
}

/** Asks a person which rows: by partition or by text; offers what exists. */
export async function askQuery(questions: SearchQuestions, given: RowQuery): Promise<RowQuery> {
  const { engine, terminal, signal } = questions;
  if (conditionOf(given) !== undefined) return given;
  const partitions = await engine.retrievePartitions(given, signal);
  if (partitions.length === 0) {
    throw new AppError(
      "not_found",
      "the catalog has no such partition; `datalake catalog partitions` lists all",
    );
  }
  const ways: Choice<"partition" | "text">[] = [
    { value: "partition", label: "by partition", hint: formatQuantity(partitions.length, "partition") },
    { value: "text", label: "by text", hint: "words in labels, texts or file names" },
  ];
  let way: "partition" | "text" | undefined;
  let selection: Selection = {};
  let condition: Condition = {};
  await askInTurn(terminal, [
    async (ask) => {
      way = await ask.select("How do you want to find rows?", ways);
    },
    async (ask) => {
      const choose = way === "text" ? askWhere : askSelection;
      selection = await choose(ask, given, partitions);
    },
    async (ask) => {
      const chosen = partitions.filter(createSelector(selection));
      const asking = { ...questions, terminal: ask };
      condition = way === "text" ? await askCondition(asking, selection, chosen) : {};
    },
  ]);
  return { ...given, ...selection, ...condition };
}

type Condition = Pick<RowQuery, "text" | "column" | "json_path" | "ignore_case">;

async function askWhere(
  terminal: Terminal,
  given: RowQuery,
  partitions: readonly PartitionCount[],
): Promise<Selection> {
  if (partitions.length === 1) return given;
  const total = partitions.reduce((sum, { rows }) => sum + rows, 0);
  const everywhere = await terminal.select("Search where?", [
    { value: true, label: "everywhere", hint: formatQuantity(total, "row") },
    { value: false, label: "in selected partitions", hint: "choose from a list" },
  ]);
  return everywhere ? given : askSelection(terminal, given, partitions);
}

/**
 * Shows what exists and asks for the open parts of the selection, level by level, with counts.
 */
async function askSelection(
  terminal: Terminal,
  given: Selection,
  partitions: readonly PartitionCount[],
): Promise<Selection> {
  for (const line of renderMatrix(partitions, terminal.output.columns)) terminal.note(line);
  const selection: Selection = { ...given };
  for (const level of PARTITION_COLUMNS) {
    const list = SELECTED[level];
    if (selection[list] !== undefined) continue;
    const rows = new Map<string, number>();
    for (const partition of partitions.filter(createSelector(selection))) {
      rows.set(partition[level], (rows.get(partition[level]) ?? 0) + partition.rows);
    }
    if (rows.size <= 1) continue;
    const total = [...rows.values()].reduce((sum, count) => sum + count, 0);
    const all = { value: undefined, label: `all ${list}`, hint: formatQuantity(total, "row") };
    const choices = [...rows].map(([value, count]) => ({
      value,
      label: value,
      hint: formatQuantity(count, "row"),
    }));
    const chosen = await terminal.select<string | undefined>(`Which ${level}?`, [all, ...choices]);
    if (chosen !== undefined) selection[list] = [chosen];
  }
  return selection;
}

/** Asks for a text and where to search it. */
async function askCondition(
  { engine, terminal, signal }: SearchQuestions,
  selection: Selection,
  partitions: readonly PartitionCount[],
): Promise<Condition> {
  const { columns } = await engine.retrieveWithExistingCols({ ...selection, limit: 0 }, signal);
  const names = searchedColumns(columns, [{ columns }]).map(({ name }) => name);
  if (names.length === 0) {
    throw new AppError("not_found", "these partitions have no text column; search others, or by partition");
  }
  const text = await terminal.text("Which text?", { check: (answer) => problemOf(SearchTextSchema, answer) });
  const sample = await sampleTexts(engine, partitions, signal);
  const column = names.length === 1 ? names[0] : await askColumn(terminal, names, sample);
  const total = partitions.reduce((sum, { rows }) => sum + rows, 0);
  const path = column === undefined ? undefined : await askPath(terminal, column, sample, total);
  const hasCase = text.toLowerCase() !== text.toUpperCase();
  const ignoreCase = hasCase && (await terminal.confirm("Ignore case?", false));
  return {
    text,
    ...(column !== undefined && { column }),
    ...(path !== undefined && { json_path: path }),
    ...(ignoreCase && { ignore_case: true }),
  };
}

/** Cells of a value that is shown as an example. */
const EXAMPLE_WIDTH = 50;

function askColumn(
  terminal: Terminal,
  names: readonly string[],
  { values }: TextSample,
): Promise<string | undefined> {
  const any = { value: undefined, label: "any text column", hint: formatQuantity(names.length, "column") };
  const choices = names.map((name): Choice<string> => {
    const [example] = values.get(name) ?? [];
    if (example === undefined) return { value: name, label: name };
    return {
      value: name,
      label: name,
      hint: `such as ${cutCell(oneLine(example.slice(0, 200)), EXAMPLE_WIDTH)}`,
    };
  });
  return terminal.select<string | undefined>("In which column?", [any, ...choices]);
}

const ELSEWHERE = "";

/** A path of the column's JSON from those that occur; undefined, without a question, if there are none. */
async function askPath(
  terminal: Terminal,
  column: string,
  { rowCount, values }: TextSample,
  total: number,
): Promise<string | undefined> {
  const paths = countTextPaths(values.get(column) ?? []);
  if (paths.length === 0) return undefined;
  terminal.note(`looked at ${formatCount(rowCount)} of ${formatQuantity(total, "row")} for its paths`);
  const chosen = await terminal.select<string | undefined>("Where in its JSON?", [
    { value: undefined, label: "anywhere" },
    ...paths.map(({ path, rowCount: count }) => ({
      value: path,
      label: `${oneLine(path)}, in ${formatCount(count)} of ${formatQuantity(rowCount, "row")}`,
    })),
    { value: ELSEWHERE, label: "another path", hint: "a path that those rows do not have" },
  ]);
  if (chosen !== ELSEWHERE) return chosen;
  return terminal.text("Which path?", {
    placeholder: "$.words.text",
    check: (answer) => problemOf(JsonPathSchema, answer),
  });
}

function problemOf(schema: v.GenericSchema<string, string>, answer: string): string | undefined {
  const checked = checkValue(schema, answer);
  return checked.success ? undefined : checked.issues[0].message;
}
