import { AppError } from "../errors.ts";
import type { Database } from "../query/database.ts";
import type { EmbeddedBatch, Input } from "./input.ts";
import { describeRelation } from "./relations.ts";
import { rowBytes } from "./row-bytes.ts";

/** What one upload through a server may hold, however small its file is: compressed, little bytes make many rows. */
export interface UploadLimits {
  maxRows: number;
  /** Of all cells, decoded. */
  maxBytes: number;
}

/** Throws `too_large` naming the setting for rows that are more, or larger, than a server takes at once. */
export async function checkRelationSize(
  database: Database,
  relation: string,
  { maxRows, maxBytes }: UploadLimits,
): Promise<void> {
  const [counted] = await database.rows<{ rows: number }>(`SELECT count(*) AS rows FROM ${relation}`);
  checkRowCount(counted?.rows ?? 0, maxRows);
  const columns = await describeRelation(database, relation);
  if (columns.length === 0) return;
  const [measured] = await database.rows<{ bytes: number }>(
    `SELECT coalesce(sum(${rowBytes(columns)}), 0)::DOUBLE AS bytes FROM ${relation}`,
  );
  if ((measured?.bytes ?? 0) > maxBytes) throw tooManyBytes(maxBytes);
}

/** What is counted of archives, beside columns. */
const ENTRIES = "\0";

/** The input, whose images are counted as they are read. Throws as `checkRelationSize` does. */
export async function limitInput(input: Input, database: Database, limits: UploadLimits): Promise<Input> {
  checkRowCount(input.rowCount, limits.maxRows);
  await checkRelationSize(database, await input.rows(), limits);
  /** Bytes so far of each column of images: one reading counts, and all columns together. */
  const bytes = new Map<string, number>();
  const count = (column: string, more: number) => {
    bytes.set(column, (bytes.get(column) ?? 0) + more);
    const total = [...bytes.values()].reduce((sum, ofColumn) => sum + ofColumn, 0);
    if (total > limits.maxBytes) throw tooManyBytes(limits.maxBytes);
  };
  const { openEntry } = input;
  return {
    ...input,
    ...(openEntry && {
      openEntry: (path) => {
        const entry = openEntry(path);
        if (entry) count(ENTRIES, entry.sizeBytes);
        return entry;
      },
    }),
    embedded: (column, signal) => {
      bytes.delete(column);
      return counted(input.embedded(column, signal), (more) => count(column, more));
    },
  };
}

async function* counted(
  batches: AsyncIterable<EmbeddedBatch>,
  count: (bytes: number) => void,
): AsyncGenerator<EmbeddedBatch> {
  for await (const batch of batches) {
    count(batch.reduce((sum, cell) => sum + (cell?.byteLength ?? 0), 0));
    yield batch;
  }
}

function checkRowCount(rows: number, maxRows: number): void {
  if (rows <= maxRows) return;
  throw new AppError(
    "too_large",
    `the upload has ${rows} rows, and this server accepts ${maxRows} at once (serve.max_upload_rows); send it in parts, or upload where the lake's folder is mounted`,
    { details: { setting: "serve.max_upload_rows", limit: maxRows, rows } },
  );
}

function tooManyBytes(maxBytes: number): AppError {
  return new AppError(
    "too_large",
    `the rows of the upload decode to more than ${maxBytes} bytes (serve.max_upload_bytes); send it in parts, or upload where the lake's folder is mounted`,
    { details: { setting: "serve.max_upload_bytes", limit: maxBytes } },
  );
}
