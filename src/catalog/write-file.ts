import { hashFile } from "../lake/digest.ts";
import { syncFile } from "../lake/durable.ts";
import { removeTree } from "../lake/files.ts";
import { baseFile, deltaFile } from "../lake/layout.ts";
import type { Database } from "../query/database.ts";
import type { Features } from "../schema/columns.ts";
import type { PartitionFile, PartitionFileKey } from "../schema/metadata.ts";
import { measureColumns, readFooters } from "./footer.ts";
import { copyToParquet } from "./parquet.ts";

export interface WriteRequest {
  /** SQL that gives the rows in their final order; the same each time it runs. */
  select: string;
  /** Temp path outside the catalog tree, on the same file system; not ending in `.parquet`. */
  target: string;
  /** What the file says of itself; `rows` must be what `select` gives. */
  key: PartitionFileKey;
  features: Features;
}

/**
 * Writes one partition file, durable and checked, under a temp name; the same rows give the same bytes on any number of
 * threads. Throws `corrupt` when another number of rows arrived.
 */
export async function writePartitionFile(database: Database, request: WriteRequest): Promise<PartitionFile> {
  const { select, target, key, features } = request;
  await removeTree(target); // of an earlier attempt; DuckDB would write beside it and rename
  await copyToParquet(database, { select, target, key, features });
  const [footer] = await readFooters(database, [target]);
  await syncFile(target);
  return {
    name: fileName(key),
    kind: key.kind,
    version: key.version,
    rows: key.rows,
    ...(key.attempt !== undefined && { attempt: key.attempt }),
    bytes: footer?.bytes ?? 0,
    sha256: await hashFile(target),
    columns: await measureColumns(database, target, key),
  };
}

/** The name that a partition gives to such a file. */
export function fileName({ kind, version }: Pick<PartitionFileKey, "kind" | "version">): string {
  return kind === "base" ? baseFile(version) : deltaFile(version);
}
