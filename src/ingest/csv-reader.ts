import { mkdir, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { AppError } from "../errors.ts";
import type { Database } from "../query/database.ts";
import { quoteList, quoteName, quoteText } from "../query/sql.ts";
import { type FittingCsv, leaveOutMisfits } from "./csv-misfits.ts";
import type { Input, ReaderContext, SourceColumn } from "./input.ts";
import { describeRelation } from "./relations.ts";

const REJECT_COLUMN = "__reject";
const MAX_LINE_BYTES = 16 << 20;
const OPTIONS = `all_varchar = true, header = true, max_line_size = ${MAX_LINE_BYTES}, buffer_size = ${2 * MAX_LINE_BYTES}`;
const REJECTS = "format = 'newline_delimited', columns = {why: 'VARCHAR'}";

/**
 * Opens CSV files (with a header; separator and quotes are found out) as one input. A column is a number or boolean only
 * where every value of it is, and no leading zero would be lost; anything else stays text, JSON too. An empty cell is
 * NULL. Lines that do not fit the header are rejected rows at the end, which name their line.
 */
export async function openCsv(files: readonly string[], context: ReaderContext): Promise<Input> {
  const { database, scratch } = context;
  const [first] = files;
  if (first === undefined) throw new AppError("invalid_input", "no CSV file was given");
  await mkdir(scratch, { recursive: true });
  const text = join(scratch, "text.parquet");
  const rows = join(scratch, "rows.parquet");
  const rejects = join(scratch, "rejects.jsonl");
  const fitting: FittingCsv[] = [];
  for (const [at, file] of files.entries())
    fitting.push(await leaveOutMisfits(file, join(scratch, `fitting-${at}.csv`), OPTIONS, context));
  const tables = { scans: temporaryName("scans"), errors: temporaryName("errors") };
  const quotes = fitting.some(({ quote }) => quote !== undefined) ? `, quote = '"', escape = '"'` : "";
  const read = `read_csv(${quoteList(fitting.map(({ path }) => path))}, ${OPTIONS}${quotes},
    union_by_name = ${files.length > 1}, store_rejects = true, rejects_limit = 0,
    rejects_scan = '${tables.scans}', rejects_table = '${tables.errors}')`;
  await database
    .run(
      `COPY (SELECT * FROM ${read}) TO ${quoteText(text)} (FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE 8192)`,
    )
    .catch((cause) => {
      const why = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : "";
      throw new AppError("invalid_input", `${first} cannot be read as CSV in UTF-8: ${why}`, {
        details: { path: first },
        cause,
      });
    });
  const lines = rejectLines(fitting, files, await engineRejects(database, tables));
  await writeFile(rejects, Array.from(lines).join(""));
  await database.run(`DROP TABLE IF EXISTS ${tables.errors}; DROP TABLE IF EXISTS ${tables.scans}`);
  const columns = await inferTypes(context, `read_parquet(${quoteText(text)})`);
  const selects = columns.map(({ name, type }) =>
    type === "VARCHAR" ? quoteName(name) : `CAST(${quoteName(name)} AS ${type}) AS ${quoteName(name)}`,
  );
  await database.run(
    `COPY (SELECT ${selects.join(", ")}, NULL::VARCHAR AS ${REJECT_COLUMN} FROM read_parquet(${quoteText(text)})
      UNION ALL BY NAME (SELECT why AS ${REJECT_COLUMN} FROM read_json(${quoteText(rejects)}, ${REJECTS})))
    TO ${quoteText(rows)} (FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE 8192)`,
  );
  const [count] = await database.rows<{ n: number }>(
    `SELECT count(*) AS n FROM read_parquet(${quoteText(rows)})`,
  );
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  const relation = `read_parquet(${quoteText(rows)})`;
  return {
    format: "csv",
    path: first,
    folder: dirname(first),
    sizeBytes: sizes.reduce((total, size) => total + size, 0),
    fileCount: files.length,
    rowCount: count?.n ?? 0,
    columns,
    features: {},
    rejects: REJECT_COLUMN,
    notices: [],
    rows: async () => relation,
    async *embedded() {},
  };
}

const TESTS = [
  ["BIGINT", "^-?(0|[1-9][0-9]{0,17})$"],
  ["DOUBLE", "^-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?$"],
  ["BOOLEAN", "^(true|false|True|False|TRUE|FALSE)$"],
] as const;

async function inferTypes({ database }: ReaderContext, relation: string): Promise<SourceColumn[]> {
  const columns = await describeRelation(database, relation);
  if (columns.length === 0) return [];
  const tests = columns.flatMap(({ name }, at) =>
    TESTS.map(([type, pattern]) => {
      return `bool_and(regexp_matches(${quoteName(name)}, ${quoteText(pattern)})) AS "${type}_${at}"`;
    }),
  );
  const [facts] = await database.rows<Record<string, boolean | null>>(
    `SELECT ${tests.join(", ")} FROM ${relation}`,
  );
  return columns.map(({ name }, at) => {
    const type = TESTS.find(([candidate]) => facts?.[`${candidate}_${at}`] === true)?.[0] ?? "VARCHAR";
    return { name, type };
  });
}

interface LineReject {
  line: number;
  why: string;
}

/** What the engine could not read of the fitting files, one reason a line. */
async function engineRejects(
  database: Database,
  { scans, errors }: { scans: string; errors: string },
): Promise<(LineReject & { path: string })[]> {
  return database.rows(
    `SELECT any_value(file_path) AS path, line::DOUBLE AS line, any_value(error_message) AS why
    FROM ${errors} JOIN ${scans} USING (scan_id, file_id) GROUP BY file_id, line ORDER BY file_id, line`,
  );
}

/** Both kinds in the order of files and lines, as JSON Lines; only where there are several does a file need its name. */
function* rejectLines(
  fitting: readonly FittingCsv[],
  files: readonly string[],
  ofEngine: readonly (LineReject & { path: string })[],
): Generator<string> {
  for (const [at, { path, misfits }] of fitting.entries()) {
    const own = misfits.map(({ line, cells, columns }) => ({
      line,
      why: `${cells} cells, and the header has ${columns}`,
    }));
    const others = ofEngine.filter((reject) => reject.path === path);
    const name = files.length > 1 ? `${basename(files[at] ?? "")} ` : "";
    const all = [...own, ...inFile(others, misfits)].sort((one, other) => one.line - other.line);
    for (const { line, why } of all) yield `${JSON.stringify({ why: `${name}line ${line}: ${why}` })}\n`;
  }
}

/** Lines of a copy as those of the file that it was made from. */
function inFile<T extends { line: number }>(rejects: readonly T[], misfits: FittingCsv["misfits"]): T[] {
  let next = 0;
  let gone = 0;
  return rejects.map((reject) => {
    for (let misfit = misfits[next]; misfit && misfit.line <= reject.line + gone; misfit = misfits[++next])
      gone += misfit.lineCount;
    return { ...reject, line: reject.line + gone };
  });
}

function temporaryName(kind: string): string {
  return `csv_${kind}_${crypto.randomUUID().replaceAll("-", "")}`;
}
