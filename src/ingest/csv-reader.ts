import { mkdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError } from "../errors.ts";
import { quoteList, quoteName, quoteText } from "../query/sql.ts";
import type { Input, ReaderContext, SourceColumn } from "./input.ts";
import { describeRelation } from "./relations.ts";

const REJECT_COLUMN = "__reject";
const MAX_LINE_BYTES = 16 << 20;

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
  const tables = { scans: temporaryName("scans"), errors: temporaryName("errors") };
  const read = `read_csv(${quoteList(files)}, all_varchar = true, header = true, union_by_name = ${files.length > 1},
    store_rejects = true, rejects_scan = '${tables.scans}', rejects_table = '${tables.errors}', rejects_limit = 100000,
    max_line_size = ${MAX_LINE_BYTES}, buffer_size = ${2 * MAX_LINE_BYTES})`;
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
  const columns = await inferTypes(context, `read_parquet(${quoteText(text)})`);
  const selects = columns.map(({ name, type }) =>
    type === "VARCHAR" ? quoteName(name) : `CAST(${quoteName(name)} AS ${type}) AS ${quoteName(name)}`,
  );
  await database.run(
    `COPY (SELECT ${selects.join(", ")}, NULL::VARCHAR AS ${REJECT_COLUMN} FROM read_parquet(${quoteText(text)})
      UNION ALL BY NAME (SELECT 'line ' || line || ': ' || any_value(error_message) AS ${REJECT_COLUMN}
        FROM ${tables.errors} GROUP BY file_id, line ORDER BY file_id, line))
    TO ${quoteText(rows)} (FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE 8192)`,
  );
  await database.run(`DROP TABLE IF EXISTS ${tables.errors}; DROP TABLE IF EXISTS ${tables.scans}`);
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

function temporaryName(kind: string): string {
  return `csv_${kind}_${crypto.randomUUID().replaceAll("-", "")}`;
}
