import { AppError } from "../errors.ts";
import { isMissing } from "../lake/files.ts";
import { createUploadLayout } from "../lake/layout.ts";
import { openStaged, type StagedFile, type StagedHandle } from "../lake/staged-file.ts";
import { refuseNewNames } from "../lake/taken-names.ts";
import type { Database } from "../query/database.ts";
import { quoteText } from "../query/sql.ts";
import { formatPartition, RAW_TASK } from "../schema/partition.ts";
import type { UploadManifest } from "../schema/upload.ts";
import type { WorkContext } from "./context.ts";
import { parquetColumns } from "./staged-rows.ts";

/** The log entry of an upload committed before its process died, or undefined. Throws `partition_exists`. */
export async function findCommitted(
  context: WorkContext,
  manifest: UploadManifest,
): Promise<{ version: number; rows: number; rejected: number } | undefined> {
  const partition = await context.partitions.read(context.database, manifest);
  const committed = partition?.uploads.get(manifest.upload_id);
  if (committed) {
    const { version, rows, rejected } = committed;
    return { version, rows, rejected };
  }
  if (partition !== undefined && manifest.mode === "create") {
    throw new AppError(
      "partition_exists",
      `${formatPartition(manifest)} already exists; upload again with --mode append or --mode replace`,
      { details: { partition: formatPartition(manifest) } },
    );
  }
  return undefined;
}

/**
 * Opens staged data.parquet once for all steps, so that a later replacement is not read. Throws `corrupt`.
 */
export async function openRows(manifest: UploadManifest, folder: string): Promise<StagedHandle> {
  try {
    return await openStaged(createUploadLayout(folder).rows, { maxBytes: Number.POSITIVE_INFINITY });
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new AppError("corrupt", `upload ${manifest.upload_id} has no data.parquet; upload it again`);
  }
}

/**
 * Checks a claimed upload against the current lake and returns its columns. Throws `invalid_schema`
 * (provider, task, fields), `name_clash`, `invalid_name` (added since staging), `corrupt` (not as in the
 * manifest).
 */
export async function validateUpload(
  context: WorkContext,
  manifest: UploadManifest,
  rows: StagedFile,
): Promise<Set<string>> {
  await refuseNewNames(context.lake, manifest, { lookAnew: true });
  await checkTaxonomy(context, manifest);
  const unusable = (what: string, cause?: unknown) =>
    new AppError("corrupt", `upload ${manifest.upload_id} has ${what}; upload it again`, { cause });
  const [columns, footer] = await readStaged(context.database, rows.openPath).catch((cause) => {
    throw unusable("a data.parquet that cannot be read", cause);
  });
  const missing = manifest.columns.find((column) => !columns.has(column.name))?.name;
  if (missing !== undefined) throw unusable(`no column ${missing} in its data.parquet`);
  if (footer !== manifest.rows) {
    throw unusable(`${footer} rows in its data.parquet, not ${manifest.rows}`);
  }
  return columns;
}

async function readStaged(database: Database, file: string): Promise<[Set<string>, number]> {
  const columns = await parquetColumns(database, file);
  const [footer] = await database.rows<{ rows: number }>(
    `SELECT num_rows AS rows FROM parquet_file_metadata(${quoteText(file)})`,
  );
  return [columns, footer?.rows ?? 0];
}

async function checkTaxonomy(context: WorkContext, manifest: UploadManifest): Promise<void> {
  const taxonomy = await context.taxonomy();
  const refuse = (message: string) => {
    throw new AppError("invalid_schema", `upload ${manifest.upload_id}: ${message}`);
  };
  if (!Object.hasOwn(taxonomy.providers, manifest.provider)) {
    refuse(`the provider ${manifest.provider} is unknown; create it with \`config provider create\``);
  }
  if (manifest.task === RAW_TASK) return;
  const task = Object.hasOwn(taxonomy.tasks, manifest.task) ? taxonomy.tasks[manifest.task] : undefined;
  if (task == null) {
    refuse(`the task ${manifest.task} is unknown; create it with \`config task create\``);
    return;
  }
  for (const field of task.required) {
    const value = manifest.meta[field];
    if (value === undefined)
      refuse(`the task ${manifest.task} needs the field ${field}; upload again with --meta`);
    const allowed = task.allow[field];
    if (value !== undefined && allowed !== undefined && !allowed.includes(value)) {
      refuse(`the field ${field} is ${JSON.stringify(value)}; allowed are ${allowed.join(", ")}`);
    }
  }
}
