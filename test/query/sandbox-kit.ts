import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../src/query/database.ts";
import type { SqlLimits } from "../../src/schema/query.ts";

export interface SandboxWorld {
  folder: string;
  catalog: string;
  scratch: string;
  /** A file outside that no statement may read. */
  secret: string;
  /** Names and digests of everything in the folder. */
  snapshot(): Promise<string[]>;
  remove(): Promise<void>;
}

export const SECRET = "s3cr3t-4711";

export const LIMITS: SqlLimits = {
  timeoutMs: 110_000,
  memory: "500MB",
  maxRows: 100_000,
  maxBytes: 50_000_000,
};

/** A small catalog file, closed, beside files that are none of a statement's business. */
export async function makeSandboxWorld(): Promise<SandboxWorld> {
  const folder = await mkdtemp(join(tmpdir(), "datalake-sandbox-"));
  const scratch = join(folder, "scratch");
  const catalog = join(folder, "catalog.duckdb");
  const secret = join(folder, "secret.csv");
  await mkdir(scratch);
  await Bun.write(secret, `name,value\nkey,${SECRET}\n`);
  const database = await openDatabase({ path: catalog, scratch });
  await database.run("CREATE TABLE catalog AS SELECT range AS id, 'row ' || range AS text FROM range(3000)");
  await database.run("CREATE TABLE partitions AS SELECT 'aihub' AS provider, 3000 AS rows");
  await database.run("CREATE TABLE lake AS SELECT 7 AS generation");
  const other = join(folder, "other.duckdb");
  await database.run(`ATTACH '${other}' AS other`);
  await database.run(`CREATE TABLE other.hidden AS SELECT '${SECRET}' AS value`);
  await database.run(`COPY (SELECT '${SECRET}' AS value) TO '${join(folder, "secret.parquet")}'`);
  await database.run("DETACH other");
  await database.run("CHECKPOINT");
  database.close();
  return {
    folder,
    catalog,
    scratch,
    secret,
    snapshot: async () => {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      const files = entries
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name));
      const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
      const digests = files.map(
        async (path) =>
          `${path} ${new Bun.CryptoHasher("sha256").update(await Bun.file(path).bytes()).digest("hex")}`,
      );
      return [...(await Promise.all(digests)), ...folders].sort();
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
