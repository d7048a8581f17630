import type { RowQuery, RowResult } from "../../../schema/query.ts";
import { formatQuantity } from "../../../util/format.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { countByWords } from "./each-word.ts";
import { describeHits, findRows } from "./engine.ts";
import { askQuery, type SearchQuestions } from "./questions.ts";
import { layOutHits } from "./table.ts";

/** Rows of a table on a terminal. */
export const SAMPLE_ROWS = 10;

/** The query that a person chose after seeing the number of rows and some of them. */
export interface SearchHits extends Pick<RowResult, "matchCount" | "partitions"> {
  query: RowQuery;
}

/** Asks which rows, shows their number and ten of them; asks again if nothing was found. */
export async function askRows(questions: SearchQuestions, given: RowQuery): Promise<SearchHits> {
  const { engine, terminal, signal } = questions;
  let next: RowQuery | undefined;
  for (;;) {
    const query: RowQuery = next ?? (await askQuery(questions, given));
    next = undefined;
    const limit = Math.min(SAMPLE_ROWS, query.limit ?? SAMPLE_ROWS);
    const result = await findRows(engine, { ...query, limit }, signal);
    await printTable(result, query, terminal);
    terminal.note(describeHits(result, query));
    const { matchCount, partitions } = result;
    if (matchCount > 0) return { query, matchCount, partitions };
    const count = await countByWords(engine, query, result, signal);
    const byWords = `No text contains all of it in one piece; ${formatQuantity(Number(count), "row")} ${count === 1 ? "has" : "have"} each word. Show them?`;
    if (typeof count === "number" && (await terminal.confirm(byWords))) next = { ...query, each_word: true };
    else if (query === given) return { query, matchCount, partitions };
    else terminal.note("nothing found; try other words, or another column");
  }
}

/** Prints the rows as a table on stdout and returns what it showed. */
export async function printTable(
  result: RowResult,
  query: RowQuery,
  terminal: Terminal,
): Promise<{ rowCount: number; hidden: readonly string[] }> {
  const { columns: width, color } = terminal.output;
  const table = layOutHits(result, query, { width, color });
  for await (const text of table.lines) await terminal.output.write(text);
  return { rowCount: table.rowCount(), hidden: table.rowCount() > 0 ? table.hidden() : [] };
}
