import { randomUUID } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { findStored } from "../assets/resolve.ts";
import { AppError, throwIfCancelled } from "../errors.ts";
import { userName } from "../lake/account.ts";
import { syncBatch } from "../lake/durable.ts";
import { ensureFolder, removeTree, renameDurable, writeJson } from "../lake/files.ts";
import type { Lake } from "../lake/lake.ts";
import { createUploadLayout, type UploadLayout } from "../lake/layout.ts";
import { type Database, interruptible } from "../query/database.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import { STAGED_REJECT_COLUMN } from "../schema/columns.ts";
import { createUploadId } from "../schema/names.ts";
import type { UploadManifest } from "../schema/upload.ts";
import type { UploadPlan } from "./plan.ts";
import { type RowContent, stageRowContents } from "./row-contents.ts";
import { createContentStager } from "./stage-contents.ts";

export interface UploadProgress {
  step: "contents" | "rows" | "sync";
  rowsDone: number;
  rowsTotal: number;
  /** Bytes of contents staged so far. */
  bytesDone: number;
}

export interface ExecuteOptions {
  lake: Lake;
  database: Database;
  /** Where relative paths of rows start, after the input's own folder. */
  workingFolder: string;
  /** Images and files larger than this become rejected rows. */
  maxBytes: number;
  signal?: AbortSignal;
  onProgress?: (progress: UploadProgress) => void;
}

/**
 * Stages a planned upload and gives its manifest: contents, rows, one sync, the manifest, then one rename into pending,
 * which is the acknowledgement. Whatever ends it before, an error or the signal (`cancelled`), leaves nothing behind.
 */
export async function executeUpload(plan: UploadPlan, options: ExecuteOptions): Promise<UploadManifest> {
  const { lake, signal } = options;
  const uploadId = createUploadId();
  const incoming = join(lake.layout.incoming, uploadId);
  const layout = createUploadLayout(incoming);
  throwIfCancelled(signal);
  try {
    await ensureFolder(incoming, lake.modes);
    const manifest = await interruptible(options.database, signal, () =>
      fillUpload(plan, uploadId, layout, options),
    );
    options.onProgress?.(progressAt("sync", plan, plan.input.rowCount, manifest.staged_bytes));
    await syncBatch(incoming, listFiles(incoming));
    throwIfCancelled(signal);
    await writeJson(layout.manifest, manifest, lake.modes);
    throwIfCancelled(signal);
    await ensureFolder(lake.layout.pending, lake.modes);
    await renameDurable(incoming, join(lake.layout.pending, uploadId));
    return manifest;
  } catch (error) {
    await removeTree(incoming);
    throw error;
  }
}

async function fillUpload(
  plan: UploadPlan,
  uploadId: string,
  layout: UploadLayout,
  options: ExecuteOptions,
): Promise<UploadManifest> {
  const { lake, database, signal } = options;
  const stager = await createContentStager({
    lake,
    upload: layout,
    isStored: async (hash) => (await findStored(lake, plan.key, hash)) !== undefined,
    ...(signal ? { signal } : {}),
  });
  const table = plan.content ? await stageContents(plan, options, stager) : undefined;
  options.onProgress?.(progressAt("rows", plan, plan.input.rowCount, stager.staged.bytes));
  await writeRows(plan, layout, table, options);
  const [facts] = await database.rows<{ rows: number; contents: number }>(
    `SELECT count(*) AS rows, count(DISTINCT source_hash) AS contents FROM read_parquet(${quoteText(layout.rows)})`,
  );
  if (facts?.rows !== plan.input.rowCount) {
    throw new AppError(
      "invalid_input",
      `${plan.input.path} gave ${facts?.rows} rows where ${plan.input.rowCount} were counted; it changed meanwhile: try again`,
    );
  }
  if (table) await database.run(`DROP TABLE ${quoteName(table)}`);
  const { request, key } = plan;
  return {
    format: 1,
    upload_id: uploadId,
    created_at: new Date().toISOString(),
    created_by: userName(),
    type: request.type,
    ...key,
    mode: request.mode,
    images: request.images,
    verify: request.verify,
    max_rejects: request.maxRejects,
    description: request.description ?? "",
    source: request.source ?? "",
    meta: { ...request.meta },
    rows: plan.input.rowCount,
    columns: plan.columns.map(({ name, type }) => ({ name, type })),
    features: plan.features,
    content: plan.contentKind,
    contents: facts.contents,
    staged_files: stager.staged.fileCount,
    staged_bytes: stager.staged.bytes,
    reference: plan.reference?.column ?? null,
  };
}

/** Stages every row's content; gives the table that says what became of each, in row order. */
async function stageContents(
  plan: UploadPlan,
  options: ExecuteOptions,
  stager: Awaited<ReturnType<typeof createContentStager>>,
): Promise<string> {
  const { database, signal } = options;
  const { input, content } = plan;
  if (!content) throw new AppError("internal", "rows without content have nothing to stage");
  const table = `contents_${randomUUID().replaceAll("-", "")}`;
  await database.run(
    `CREATE TABLE ${quoteName(table)} (__hash VARCHAR, __name VARCHAR, __text VARCHAR, __why VARCHAR)`,
  );
  const appender = await database.connection.createAppender(table);
  let rowsDone = 0;
  const batches = stageRowContents({
    database,
    input,
    source: content,
    stager,
    folders: [input.folder, options.workingFolder],
    maxBytes: options.maxBytes,
    ...(signal ? { signal } : {}),
  });
  for await (const batch of batches) {
    for (const row of batch) appendContent(appender, row);
    rowsDone += batch.length;
    options.onProgress?.(progressAt("contents", plan, rowsDone, stager.staged.bytes));
  }
  appender.closeSync();
  return table;
}

type Appender = Awaited<ReturnType<Database["connection"]["createAppender"]>>;

function appendContent(appender: Appender, row: RowContent): void {
  for (const value of [row.sourceHash, row.sourceName, row.text, row.reject]) {
    if (value === null) appender.appendNull();
    else appender.appendVarchar(value);
  }
  appender.endRow();
}

/** Aimed at per row group, before compression. */
const ROW_GROUP_BYTES = 64e6;
const MAX_GROUP_ROWS = 122_880;
const VECTOR_ROWS = 2048;

async function writeRows(
  plan: UploadPlan,
  layout: UploadLayout,
  contents: string | undefined,
  options: ExecuteOptions,
): Promise<void> {
  const { database, signal } = options;
  const { input, reference } = plan;
  const rows = await input.rows(signal);
  const columns = plan.columns.map(({ name, expression }) => `${expression} AS ${quoteName(name)}`);
  const name = reference?.column === "source_name" ? reference.expression : contents ? "__name" : "NULL";
  const staged = [
    "row_number() OVER () - 1 AS source_row",
    `CAST(${contents ? "__hash" : "NULL"} AS VARCHAR) AS source_hash`,
    `CAST(${name} AS VARCHAR) AS source_name`,
    ...(reference && reference.column !== "source_name"
      ? [`${reference.expression} AS ${quoteName(reference.column)}`]
      : []),
    `CAST(${rejectExpression(plan, contents !== undefined)} AS VARCHAR) AS ${STAGED_REJECT_COLUMN}`,
  ];
  const from = contents ? `${rows} POSITIONAL JOIN ${quoteName(contents)}` : rows;
  const rowGroup = await rowGroupRows(plan, rows, database);
  await database.run(
    `COPY (SELECT ${[...columns, ...staged].join(", ")} FROM ${from}) TO ${quoteText(layout.rows)}
    (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${rowGroup})`,
  );
}

/** The content's reason or the reader's, then a reference that is not there. */
function rejectExpression({ input, reference }: UploadPlan, hasContents: boolean): string {
  const reasons = [
    hasContents ? "__why" : input.rejects,
    reference &&
      `CASE WHEN coalesce(${reference.expression}, '') = '' THEN 'no ${reference.column} to refer by' END`,
  ].filter((reason) => typeof reason === "string");
  return reasons.length === 0 ? "NULL" : `coalesce(${reasons.join(", ")}, NULL)`;
}

/** Rows a row group may hold so that it stays near 64 MB: long labels would else be gathered by the hundred thousand. */
async function rowGroupRows(plan: UploadPlan, rows: string, database: Database): Promise<number> {
  const own = plan.columns.filter(({ expression }) => expression !== "__text");
  if (own.length === 0) return MAX_GROUP_ROWS;
  const select = own.map(({ name, expression }) => `${expression} AS ${quoteName(name)}`).join(", ");
  const [sample] = await database.rows<{ bytes: number | null }>(
    `SELECT avg(strlen(CAST(to_json(t) AS VARCHAR))) AS bytes FROM (SELECT ${select} FROM ${rows} LIMIT 2000) AS t`,
  );
  const fitting = Math.floor(ROW_GROUP_BYTES / Math.max(1, sample?.bytes ?? 1) / VECTOR_ROWS) * VECTOR_ROWS;
  return Math.min(MAX_GROUP_ROWS, Math.max(VECTOR_ROWS, fitting));
}

function progressAt(
  step: UploadProgress["step"],
  plan: UploadPlan,
  rowsDone: number,
  bytesDone: number,
): UploadProgress {
  return { step, rowsDone, rowsTotal: plan.input.rowCount, bytesDone };
}

/** Lazy: only looked at where the file system cannot be synced as a whole. */
function* listFiles(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* listFiles(path);
    else yield path;
  }
}
