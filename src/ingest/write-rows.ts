import type { Database } from "../query/database.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import { WIDE_COLUMNS, wideOptions } from "../query/wide-columns.ts";
import { STAGED_REJECT_COLUMN } from "../schema/columns.ts";
import { factColumn, type ImageColumn, isOwn } from "../schema/image-columns.ts";
import { rowBytes } from "./row-bytes.ts";
import type { RowContent } from "./row-contents.ts";
import type { UploadPlan } from "./upload-plan.ts";

/** What a table of staged contents says of each row. */
export const STAGED_FACTS = [
  "sourceHash",
  "sourceName",
  "document",
  "text",
  "reject",
] as const satisfies readonly (keyof RowContent)[];

/** The column of a fact in the table of the `at`-th content column. */
export function stagedFact(fact: (typeof STAGED_FACTS)[number], at: number): string {
  return quoteName(`__${fact}_${at}`);
}

function stagedValue(fact: "sourceHash" | "sourceName", at: number, { list }: ImageColumn): string {
  const value = stagedFact(fact, at);
  return list ? `CAST(CAST(${value} AS JSON) AS VARCHAR[])` : value;
}

/** Aimed at per row group, before compression. */
const ROW_GROUP_BYTES = 64e6;
const MAX_GROUP_ROWS = 122_880;
const VECTOR_ROWS = 2048;

/**
 * Writes the staged rows: the user's columns, and what became of the contents of each column, which is in `tables`
 * in row order.
 */
export async function writeRows(
  plan: UploadPlan,
  path: string,
  tables: readonly string[],
  options: { database: Database; signal: AbortSignal | undefined },
): Promise<void> {
  const { database, signal } = options;
  const { input, reference, contents } = plan;
  const rows = await input.rows(signal);
  // A vector of each column takes so much memory that the engine's window would need as much again.
  const isWide = plan.columns.length > WIDE_COLUMNS;
  const columns = plan.columns.map(({ name, expression }) => `${expression} AS ${quoteName(name)}`);
  const brought = contents.flatMap((content, at) => [
    `${stagedValue("sourceHash", at, content)} AS ${quoteName(factColumn(content, "source_hash"))}`,
    `${stagedValue("sourceName", at, content)} AS ${quoteName(factColumn(content, "source_name"))}`,
  ]);
  const hasOwn = contents.some(isOwn); // which has no reference beside it
  // Rejected rows are known by it.
  const isNamed = reference?.column === "source_name" || reference?.column === "source_stem";
  const name = isNamed ? reference.expression : "NULL";
  const staged = [
    `${isWide ? "source_row" : "row_number() OVER () - 1"} AS source_row`,
    ...brought,
    ...(hasOwn ? [] : ["CAST(NULL AS VARCHAR) AS source_hash"]),
    ...(hasOwn ? [] : [`CAST(${name} AS VARCHAR) AS source_name`]),
    ...(reference && reference.column !== "source_name"
      ? [`${reference.expression} AS ${quoteName(reference.column)}`]
      : []),
    `CAST(${rejectExpression(plan)} AS VARCHAR) AS ${STAGED_REJECT_COLUMN}`,
  ];
  const numbers = isWide ? [`(SELECT range AS source_row FROM range(${input.rowCount}))`] : [];
  const from = [rows, ...numbers, ...tables.map(quoteName)].join(" POSITIONAL JOIN ");
  const rowGroup = await rowGroupRows(plan, rows, database);
  await database.run(
    `COPY (SELECT ${[...columns, ...staged].join(", ")} FROM ${from}) TO ${quoteText(path)}
    (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${rowGroup}${wideOptions(plan.columns.length)})`,
  );
}

/** The contents' reasons or the reader's, then a reference that is not there. */
function rejectExpression({ input, reference, contents }: UploadPlan): string {
  const ofContents = contents.map((content, at) => {
    const why = stagedFact("reject", at);
    // A row that the reader rejects says so itself.
    // Of a list the place in it follows.
    const where = content.list ? content.from : `${content.from}: `;
    const readers = input.rejects === undefined ? "" : `${input.rejects} IS NOT NULL OR `;
    return isOwn(content)
      ? why
      : `CASE WHEN ${readers}${why} IS NULL THEN ${why} ELSE ${quoteText(where)} || ${why} END`;
  });
  const reasons = [
    ...(contents.length > 0 ? ofContents : [input.rejects]),
    reference &&
      `CASE WHEN coalesce(${reference.expression}, '') = '' THEN 'no ${reference.column} to refer by' END`,
  ].filter((reason) => typeof reason === "string");
  return reasons.length === 0 ? "NULL" : `coalesce(${reasons.join(", ")}, NULL)`;
}

/**
 * Rows a row group may hold so that it stays near 64 MB: long labels would else be gathered by the hundred
 * thousand.
 */
async function rowGroupRows(plan: UploadPlan, rows: string, database: Database): Promise<number> {
  const ofContents = [stagedFact("text", 0), stagedFact("document", 0)];
  const own = plan.columns.filter(({ expression }) => !ofContents.includes(expression));
  if (own.length === 0) return MAX_GROUP_ROWS;
  if (own.length > WIDE_COLUMNS) return VECTOR_ROWS;
  const select = own.map(({ name, expression }) => `${expression} AS ${quoteName(name)}`).join(", ");
  const [sample] = await database.rows<{ bytes: number | null }>(
    `SELECT avg(${rowBytes(own)})::DOUBLE AS bytes FROM (SELECT ${select} FROM ${rows} LIMIT 2000)`,
  );
  const fitting = Math.floor(ROW_GROUP_BYTES / Math.max(1, sample?.bytes ?? 1) / VECTOR_ROWS) * VECTOR_ROWS;
  return Math.min(MAX_GROUP_ROWS, Math.max(VECTOR_ROWS, fitting));
}
