import type { QueryEngine } from "../../../query/engine.ts";
import type { RowQuery } from "../../../schema/query.ts";
import { formatCount } from "../../../util/format.ts";
import { defineCommand, type Effects } from "../../arguments/command.ts";
import { ENGINE_FLAG, QUERY_FLAGS, readEngine, readQuery } from "../../arguments/query-flags.ts";
import { chooseFormat, PRINT_FORMAT_FLAG, type PrintFormat, printRows } from "../../terminal/print-rows.ts";
import { countByWords, hintAtWords } from "./each-word.ts";
import { describeHits, findRows } from "./engine.ts";
import { printTable, SAMPLE_ROWS } from "./hits.ts";
import { explainNotPublished } from "./not-published.ts";

export const searchCommand = defineCommand({
  summary: "Find rows by partition, or by text inside labels",
  flags: {
    ...QUERY_FLAGS,
    limit: {
      type: "number",
      placeholder: "N",
      description: "Maximum number of rows (default: 10 on a terminal, 1000 with --json, else all)",
    },
    engine: ENGINE_FLAG,
    format: PRINT_FORMAT_FLAG,
  },
  examples: [
    "datalake search --dataset 영수증 --task ocr",
    "datalake search --text 서울 --ignore-case",
    "datalake search --text 서울 --column label --json-path '$.words.text' --format ndjson",
    "datalake search --task ocr --text 서울 --limit 0 --json",
    "datalake search",
  ],
  run: async ({ flags }, effects) => {
    const { terminal } = effects;
    const query = await readQuery(flags);
    const format = chooseFormat(flags.format, terminal.json);
    const engineName = readEngine(flags.engine);
    const lake = await effects.openClient({ engine: engineName });
    const engine = await lake.engine(engineName);
    try {
      if (terminal.interactive && format === "table" && Object.keys(query).length === 0) {
        const { browse } = await import("./browse.ts");
        await browse(engine, effects);
      } else await printSearch(engine, query, format, effects);
      return 0;
    } catch (error) {
      throw await explainNotPublished(error, lake);
    } finally {
      engine.close();
    }
  },
});

/** Default limit of a JSON document, which readers load as a whole. */
const DOCUMENT_ROWS = 1000;

async function printSearch(
  engine: QueryEngine,
  query: RowQuery,
  format: PrintFormat,
  effects: Effects,
): Promise<void> {
  const { terminal, signal } = effects;
  const limit = query.limit ?? usualLimit(format, terminal.output.columns !== undefined);
  const result = await findRows(engine, { ...query, ...(limit !== undefined && { limit }) }, signal);
  const describe = (rowCount: number) => {
    const hits = describeHits(result, query);
    if (query.limit !== undefined || rowCount === result.matchCount) return hits;
    return `${hits}\nthe first ${formatCount(rowCount)} are shown; --limit N shows more, --format ndjson all`;
  };
  const tellWords = async () => {
    const count = await countByWords(engine, query, result, signal);
    if (count !== undefined) terminal.note(`no text contains all of it in one piece; ${hintAtWords(count)}`);
  };
  if (format !== "table") {
    const { matchCount } = result;
    await printRows(result, { engine: engine.name, format, matchCount, describe }, terminal);
    return tellWords();
  }
  const { rowCount, hidden } = await printTable(result, query, terminal);
  terminal.note(describe(rowCount));
  await tellWords();
  if (hidden.length > 0) {
    terminal.note(`not shown: ${hidden.join(", ")}; --format json shows all columns`);
  }
}

function usualLimit(format: PrintFormat, atTerminal: boolean): number | undefined {
  if (format === "json") return DOCUMENT_ROWS;
  return format === "table" && atTerminal ? SAMPLE_ROWS : undefined;
}
