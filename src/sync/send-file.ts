import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { isSameFile, readFooters } from "../catalog/footer.ts";
import { AppError } from "../errors.ts";
import { isMissing } from "../lake/files.ts";
import type { Lake } from "../lake/lake.ts";
import { parseDeltaFile } from "../lake/layout.ts";
import type { Database } from "../query/database.ts";
import { castValue } from "../query/duckdb/cast.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import { formatPartition } from "../schema/partition.ts";
import type { CastColumn } from "./model.ts";
import { folderOf, type Transfer } from "./plan.ts";
import type { SyncStore } from "./store.ts";

export interface SendEffects {
  lake: Lake;
  store: SyncStore;
  database: Database;
  /** Local folder for rewritten files. */
  scratch: string;
  /** Throws if another process may be using the target. */
  confirm?: (() => Promise<void>) | undefined;
}

/**
 * Sends one file, rewritten if its types differ from the table's; an existing object is kept. Throws
 * `conflict` if the partition changed after the catalog was built (file replaced or removed).
 */
export async function sendFile(
  transfer: Transfer,
  effects: SendEffects,
): Promise<{ bytes: number; sent: boolean }> {
  const { lake, store } = effects;
  const source = join(lake.layout.partition(transfer.partition), transfer.file);
  const target = `${folderOf(transfer.partition, transfer.place)}/${transfer.file}`;
  const there = await store.size(target);
  const isCopy = transfer.casts.length === 0;
  try {
    const identity = await identify(transfer, source, effects.database);
    const { size } = await stat(source);
    if (there !== undefined && (!isCopy || there === size)) return { bytes: there, sent: false };
    const bytes = isCopy ? size : await sendCast(transfer, source, target, effects);
    if (isCopy) await store.putLakeFile(target, source);
    if (await isSameFile(source, identity)) return { bytes, sent: true };
  } catch (error) {
    if (!isMissing(error) && !(error instanceof AppError && error.code === "not_found")) throw error;
  }
  // The file has changed, so the copy must not keep it.
  await effects.confirm?.();
  if (there === undefined) await store.remove(target);
  throw changed(transfer);
}

/** Identifies the file among later ones of the same name, after checking that the catalog lists it. */
async function identify(transfer: Transfer, path: string, database: Database): Promise<string> {
  const { partition, file } = transfer;
  const [footer] = await readFooters(database, [path]);
  if (footer === undefined) throw changed(transfer);
  const { version, uploads } = footer.key;
  const delta = parseDeltaFile(file);
  const isOurs =
    version === (delta ?? partition.base_version) &&
    (delta !== undefined || uploads[0]?.upload_id === partition.first_upload) &&
    (version !== partition.version || uploads.at(-1)?.upload_id === partition.last_upload);
  if (isOurs) return footer.identity;
  throw changed(transfer);
}

function changed({ partition: key }: Transfer): AppError {
  return new AppError(
    "conflict",
    `${formatPartition(key)} has changed since the catalog was built; run \`datalake catalog rebuild\`, then sync again`,
    { details: { partition: formatPartition(key) } },
  );
}

async function sendCast(
  { casts }: Transfer,
  source: string,
  target: string,
  { store, database, scratch }: SendEffects,
): Promise<number> {
  const temp = join(scratch, `${Bun.randomUUIDv7()}.part`);
  try {
    const own = await database.rows<{ name: string }>(
      `SELECT name FROM parquet_schema(${quoteText(source)})`,
    );
    const names = new Set(own.map(({ name }) => name));
    const list = castList(casts.filter(({ name }) => names.has(name)));
    await database.run(
      `COPY (SELECT *${list} FROM read_parquet(${quoteText(source)}, hive_partitioning = false)) TO ${quoteText(temp)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    const { size } = await stat(temp);
    await store.putFile(target, temp);
    return size;
  } finally {
    await rm(temp, { force: true });
  }
}

function castList(casts: readonly CastColumn[]): string {
  if (casts.length === 0) return "";
  const list = casts.map(({ name, type, isEmpty, from }) => {
    const quoted = quoteName(name);
    const value =
      from === undefined ? `CAST(${isEmpty ? "NULL" : quoted} AS ${type})` : castValue(quoted, from, type);
    return `${value} AS ${quoted}`;
  });
  return ` REPLACE (${list.join(", ")})`;
}
