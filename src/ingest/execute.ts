import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import * as v from "valibot";
import { AppError, throwIfCancelled } from "../errors.ts";
import { userName } from "../lake/account.ts";
import { type Database, interruptible } from "../query/database.ts";
import { retryWithLessMemory } from "../query/less-memory.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import { checkValue } from "../schema/check.ts";
import { STAGED_REJECT_COLUMN } from "../schema/columns.ts";
import { isOwn } from "../schema/image-columns.ts";
import { createUploadId } from "../schema/names.ts";
import type { PageSettings, PageWishes } from "../schema/pages.ts";
import { type UploadManifest, UploadManifestSchema } from "../schema/upload.ts";
import { stageListContents } from "./list-contents.ts";
import { readFailure } from "./read-failure.ts";
import { checkStagedRejects, NAMED_REJECTS, type RowReject } from "./reject-limit.ts";
import { type RowContent, stageRowContents } from "./row-contents.ts";
import type { ContentStager } from "./stage-contents.ts";
import { selectHashes } from "./staged-hashes.ts";
import type { UploadDestination, UploadWriter } from "./upload-destination.ts";
import type { UploadPlan } from "./upload-plan.ts";
import { STAGED_FACTS, stagedFact, writeRows } from "./write-rows.ts";

export interface UploadProgress {
  step: "contents" | "rows" | "sync";
  rowsDone: number;
  rowsTotal: number;
  /** Bytes of contents staged so far. */
  bytesDone: number;
}

export interface ExecuteOptions {
  target: UploadDestination;
  database: Database;
  /** Where relative paths of rows start, after the input's own folder; undefined where rows may name no files. */
  workingFolder: string | undefined;
  /** Who brings it; the account of this process without. */
  createdBy?: string;
  /** Images and files larger than this become rejected rows. */
  maxBytes: number;
  signal?: AbortSignal;
  onProgress?: (progress: UploadProgress) => void;
}

/**
 * Stages a planned upload at its target and gives its manifest: contents, rows, then all of it is handed over at once.
 * Whatever ends it before, an error or the signal (`cancelled`), leaves nothing that anybody would process.
 */
export async function executeUpload(plan: UploadPlan, options: ExecuteOptions): Promise<UploadManifest> {
  const { database, target, signal } = options;
  throwIfCancelled(signal);
  checkManifest(plan, options);
  const sink = await target.begin(plan.check, identityOf(plan), signal);
  try {
    const manifest = await interruptible(database, signal, () => fillUpload(plan, sink, options));
    options.onProgress?.(progressAt("sync", plan, plan.input.rowCount, manifest.staged_bytes));
    return await sink.commit(manifest, signal);
  } catch (error) {
    await sink.abort();
    throw readFailure(error, plan.input.path);
  }
}

/** The same for the same request of the same input, however often it is made. */
function identityOf({ request, key, input, columns }: UploadPlan): string {
  const names = columns.map(({ name, type }) => [name, type]);
  const told = JSON.stringify([request, key, resolve(input.path), input.rowCount, names]);
  return new Bun.CryptoHasher("sha256").update(told).digest("hex");
}

interface StagedFacts {
  rows: number;
  contents: number;
  rejected: number;
  /** The first of them. */
  rejects: RowReject[] | null;
}

async function fillUpload(
  plan: UploadPlan,
  sink: UploadWriter,
  options: ExecuteOptions,
): Promise<UploadManifest> {
  const { database } = options;
  const { stager, rows } = sink;
  const tables: string[] = [];
  const pages = plan.pages && (await stageFont(plan.pages, stager));
  for (const at of plan.contents.keys()) tables.push(await stageContents(plan, at, options, stager, pages));
  // What was read of contents would stand beside what the engine takes for the rows.
  if (tables.length > 0) Bun.gc(true);
  options.onProgress?.(progressAt("rows", plan, plan.input.rowCount, stager.staged.bytes));
  await retryWithLessMemory(database, () =>
    writeRows(plan, rows, tables, { database, signal: options.signal }),
  );
  const [facts] = await database.rows<StagedFacts>(
    `SELECT count(*) AS rows, count(${STAGED_REJECT_COLUMN}) AS rejected,
      (SELECT count(DISTINCT hash) FROM (${selectHashes(rows, plan.contents, { ofPages: pages !== undefined })})) AS contents,
      arg_min({source_row: source_row, source_name: source_name, reason: ${STAGED_REJECT_COLUMN}}, source_row, ${NAMED_REJECTS})
        FILTER (${STAGED_REJECT_COLUMN} IS NOT NULL) AS rejects
     FROM read_parquet(${quoteText(rows)})`,
  );
  if (facts?.rows !== plan.input.rowCount) {
    throw new AppError(
      "invalid_input",
      `${plan.input.path} has ${facts?.rows} rows, but ${plan.input.rowCount} were counted; it changed meanwhile: try again`,
    );
  }
  for (const table of tables) await database.run(`DROP TABLE ${quoteName(table)}`);
  const manifest = describeUpload(plan, options, {
    uploadId: sink.uploadId,
    contents: facts.contents,
    staged: stager.staged,
    pages,
  });
  // More may be found when it is processed; what is too much already need not be handed over.
  checkStagedRejects(manifest, facts.rejected, facts.rejects ?? []);
  return manifest;
}

interface StagedAs {
  uploadId: string;
  contents: number;
  staged: { fileCount: number; bytes: number };
  pages: PageSettings | undefined;
}

/** The settings of pages as the manifest has them; the font goes along with the contents. */
async function stageFont(pages: PageWishes, stager: ContentStager): Promise<PageSettings> {
  return asSettings(pages, pages.fontFile === undefined ? null : await stager.stageFile(pages.fontFile));
}

function asSettings({ fontFile: _, ...settings }: PageWishes, font: string | null): PageSettings {
  return { ...settings, passwords: [...settings.passwords], font };
}

function describeUpload(
  plan: UploadPlan,
  options: ExecuteOptions,
  { uploadId, contents, staged, pages }: StagedAs,
): UploadManifest {
  const { request, key } = plan;
  return {
    format: 1,
    upload_id: uploadId,
    created_at: new Date().toISOString(),
    created_by: options.createdBy ?? userName(),
    type: request.type,
    ...key,
    mode: request.mode,
    images: request.images,
    verify: request.verify,
    max_rejects: request.maxRejects,
    description: request.description ?? "",
    source: request.source ?? "",
    ...(request.license && { license: request.license }),
    meta: { ...request.meta },
    rows: plan.input.rowCount,
    columns: plan.columns.map(({ name, type, isOpen }) => ({ name, type, ...(isOpen && { open: true }) })),
    features: plan.features,
    content: plan.contentKind,
    ...imageColumns(plan),
    contents,
    staged_files: staged.fileCount,
    staged_bytes: staged.bytes,
    reference: plan.reference?.column ?? null,
    ...(request.strict && { strict: true }),
    ...(pages && { pages }),
  };
}

/** Whoever processes an upload checks its manifest: what would fail there is refused before anything is staged. */
function checkManifest(plan: UploadPlan, options: ExecuteOptions): void {
  const pages = plan.pages && asSettings(plan.pages, null);
  const nothing = { uploadId: createUploadId(), contents: 0, staged: { fileCount: 0, bytes: 0 }, pages };
  const checked = checkValue(UploadManifestSchema, describeUpload(plan, options, nothing));
  if (checked.success) return;
  const [issue] = checked.issues;
  const where = v.getDotPath(issue);
  throw new AppError(
    "invalid_input",
    `${plan.input.path} cannot be uploaded: ${where === null ? "" : `${where} `}${issue.message}; change it and upload again`,
    { details: { field: where } },
  );
}

/** Only said where it is not what `content` says already. */
function imageColumns({ contents }: UploadPlan): Pick<UploadManifest, "image_columns"> {
  const columns = contents.map(({ name, list }) => ({ name, list }));
  return columns.every(isOwn) ? {} : { image_columns: columns };
}

/** Stages every row's content of the `at`-th column; gives the table that says what became of each, in row order. */
async function stageContents(
  plan: UploadPlan,
  at: number,
  options: ExecuteOptions,
  stager: ContentStager,
  pages: PageSettings | undefined,
): Promise<string> {
  const { database, signal } = options;
  const { input, contents } = plan;
  const { workingFolder } = options;
  const column = contents[at];
  if (column === undefined) throw new AppError("internal", "rows without content have nothing to stage");
  const table = `contents_${randomUUID().replaceAll("-", "")}`;
  const columns = STAGED_FACTS.map((fact) => `${stagedFact(fact, at)} VARCHAR`).join(", ");
  await database.run(`CREATE TABLE ${quoteName(table)} (${columns})`);
  const appender = await database.connection.createAppender(table);
  let rowsDone = 0;
  const stage = column.list ? stageListContents : stageRowContents;
  const batches = stage({
    database,
    input,
    source: column.source,
    stager,
    folders: workingFolder === undefined ? undefined : [input.folder, workingFolder],
    maxBytes: options.maxBytes,
    pages,
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
  for (const value of STAGED_FACTS.map((fact) => row[fact])) {
    if (value === null) appender.appendNull();
    else appender.appendVarchar(value);
  }
  appender.endRow();
}

function progressAt(
  step: UploadProgress["step"],
  plan: UploadPlan,
  rowsDone: number,
  bytesDone: number,
): UploadProgress {
  return { step, rowsDone, rowsTotal: plan.input.rowCount, bytesDone };
}
