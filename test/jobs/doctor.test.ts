import { describe, expect, test } from "bun:test";
import { chmod, mkdir, readdir, readFile, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { refreshCatalog } from "../../src/catalog/refresh.ts";
import { CHECKS, examineLake } from "../../src/doctor/doctor.ts";
import { AppError } from "../../src/errors.ts";
import { createUploadLayout } from "../../src/lake/layout.ts";
import { acquireLease } from "../../src/lake/lease.ts";
import { silentLogger } from "../../src/log.ts";
import { quoteText } from "../../src/query/sql.ts";
import type { CheckResult } from "../../src/schema/doctor.ts";
import type { PartitionKey } from "../../src/schema/partition.ts";
import { commit, makeManifest, type Workbench, withLake } from "../catalog/lakes.ts";

const RAW: PartitionKey = { provider: "aihub", dataset: "책", task: "raw", variant: "image" };
const OCR: PartitionKey = { provider: "aihub", dataset: "책", task: "ocr", variant: "words" };

/** Stores `contents` as assets and gives the SQL of rows that refer to them. */
async function storeAssets({ lake }: Workbench, contents: readonly string[]): Promise<string> {
  const rows: string[] = [];
  for (const content of contents) {
    const hash = new Bun.CryptoHasher("sha256").update(content).digest("hex");
    const path = lake.layout.assetPath(RAW, hash, "jpg");
    await mkdir(dirname(lake.layout.asset(path)), { recursive: true });
    await writeFile(lake.layout.asset(path), content);
    await chmod(lake.layout.asset(path), 0o444);
    rows.push(`(${quoteText(content)}, ${quoteText(hash)}, ${quoteText(path)})`);
  }
  return `SELECT * FROM (VALUES ${rows.join(", ")}) AS t(text, hash, path)`;
}

async function fill(bench: Workbench): Promise<void> {
  const select = await storeAssets(bench, ["하나", "둘", "셋"]);
  await commit(bench, "create", select, RAW);
  await commit(bench, "create", `SELECT hash, path, 'x' AS label FROM (${select})`, OCR);
  await rebuild(bench);
  for (const id of await readdir(bench.lake.layout.processing)) {
    await rm(join(bench.lake.layout.processing, id), { recursive: true });
  }
}

async function rebuild({ lake, settings }: Workbench): Promise<void> {
  await refreshCatalog({
    lake,
    settings,
    logger: silentLogger,
    signal: new AbortController().signal,
  });
}

async function examine({ lake, settings }: Workbench, full = false): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  const signal = new AbortController().signal;
  for await (const result of examineLake({ lake, settings, full, signal, onProgress: () => {} })) {
    results.push(result);
  }
  return results;
}

/** What is not fine, as `problem assets`. */
async function complaints(bench: Workbench, full = false): Promise<string[]> {
  const results = await examine(bench, full);
  const names = new Set(results.map((result) => result.name));
  expect(CHECKS.map((check) => check.name).every((name) => names.has(name))).toBe(true);
  return results
    .filter((result) => result.status !== "ok" && result.name !== "space")
    .map((result) => `${result.status} ${result.name}`);
}

async function firstAsset({ lake }: Workbench): Promise<string> {
  const names = await readdir(lake.layout.datasetAssets(RAW), { recursive: true });
  const name = names.find((one) => one.endsWith(".jpg"));
  return join(lake.layout.datasetAssets(RAW), name ?? "");
}

describe("examineLake", () => {
  test("a new lake is fine", () =>
    withLake(async (bench) => {
      expect(await complaints(bench)).toEqual([]);
    }));

  test("a lake with data is fine, and stays byte for byte as it is", () =>
    withLake(async (bench) => {
      await fill(bench);
      const before = await snapshot(bench.lake.root);
      expect(await complaints(bench)).toEqual([]);
      expect(await complaints(bench, true)).toEqual([]);
      expect(await snapshot(bench.lake.root)).toEqual(before);
    }));

  const damages: [string, string[], boolean, (bench: Workbench) => Promise<unknown>][] = [
    ["a missing folder", ["problem layout"], false, ({ lake }) => rm(lake.layout.jobs, { recursive: true })],
    [
      "a damaged schema.yaml",
      ["problem layout"],
      false,
      ({ lake }) => writeFile(lake.layout.taxonomy, "tasks: 1\n"),
    ],
    [
      "a folder with other permissions",
      ["warning permissions"],
      false,
      ({ lake }) => chmod(lake.layout.pending, 0o700),
    ],
    ["a missing asset", ["problem assets"], false, async (bench) => rm(await firstAsset(bench))],
    [
      "an asset that is a link to its bytes elsewhere",
      ["problem assets"],
      false,
      async (bench) => {
        const path = await firstAsset(bench);
        await rename(path, join(bench.lake.root, "elsewhere"));
        await symlink(join(bench.lake.root, "elsewhere"), path);
      },
    ],
    [
      "an asset with other bytes",
      ["problem assets"],
      false,
      async (bench) => {
        const path = await firstAsset(bench);
        await chmod(path, 0o644);
        await writeFile(path, "other");
        await chmod(path, 0o444);
      },
    ],
    [
      "a stored asset that no row names, with other bytes",
      ["problem assets"],
      true,
      async (bench) => {
        await storeAssets(bench, ["다른"]);
        const hash = new Bun.CryptoHasher("sha256").update("다른").digest("hex");
        const path = bench.lake.layout.asset(bench.lake.layout.assetPath(RAW, hash, "jpg"));
        await chmod(path, 0o644);
        await writeFile(path, "");
        await chmod(path, 0o444);
      },
    ],
    [
      "an asset that can be written",
      ["warning assets"],
      false,
      async (bench) => chmod(await firstAsset(bench), 0o644),
    ],
    [
      "a path of another dataset",
      ["problem assets"],
      false,
      async (bench) => {
        const other = { ...RAW, dataset: "other" };
        await commit(
          bench,
          "create",
          `SELECT hash, path FROM (${await storeAssets(bench, ["하나"])})`,
          other,
        );
        await rebuild(bench);
        await clearProcessing(bench);
      },
    ],
    [
      "metadata that says something else",
      ["problem partitions"],
      false,
      async ({ lake }) => {
        const path = join(lake.layout.partition(RAW), "_metadata.json");
        const metadata = JSON.parse(await readFile(path, "utf8"));
        await writeFile(path, JSON.stringify({ ...metadata, rows: 7 }));
      },
    ],
    [
      "metadata that is gone",
      ["problem partitions"],
      false,
      ({ lake }) => rm(join(lake.layout.partition(RAW), "_metadata.json")),
    ],
    [
      "a damaged Parquet file",
      ["problem partitions"],
      false,
      ({ lake }) => writeFile(join(lake.layout.partition(RAW), "data.parquet"), "PAR1"),
    ],
    [
      "a Parquet file with a flipped byte in its rows",
      ["problem partitions"],
      true,
      async ({ lake }) => {
        const path = join(lake.layout.partition(RAW), "data.parquet");
        const bytes = await readFile(path);
        bytes[8] = (bytes[8] ?? 0) ^ 1;
        await writeFile(path, bytes);
      },
    ],
    [
      "a dead delta",
      ["warning partitions"],
      false,
      async (bench) => {
        const folder = bench.lake.layout.partition(RAW);
        await commit(bench, "append", await storeAssets(bench, ["넷"]), RAW);
        const delta = await readFile(join(folder, "data-00000002.parquet"));
        await commit(bench, "replace", await storeAssets(bench, ["넷"]), RAW);
        await writeFile(join(folder, "data-00000002.parquet"), delta);
        await chmod(join(folder, "data-00000002.parquet"), 0o664);
        await rebuild(bench);
        await writeFile(join(folder, "data-00000002.parquet"), delta);
        await clearProcessing(bench);
      },
    ],
    [
      "a WAL beside the catalog",
      ["problem catalog"],
      false,
      ({ lake: { layout } }) => writeFile(layout.logOf(layout.catalogFile), ""),
    ],
    ["no catalog", ["warning catalog"], false, ({ lake }) => rm(lake.layout.catalogFile)],
    [
      "a damaged catalog",
      ["problem catalog"],
      false,
      ({ lake }) => writeFile(lake.layout.catalogFile, "no database"),
    ],
    [
      "a catalog behind its partitions",
      ["warning catalog"],
      false,
      async (bench) => {
        await commit(bench, "append", await storeAssets(bench, ["넷"]), RAW);
        await clearProcessing(bench);
      },
    ],
    [
      "a partition taken away",
      ["problem catalog"],
      false,
      ({ lake }) => rm(lake.layout.partition(OCR), { recursive: true }),
    ],
    [
      "rows taken out of the catalog",
      ["problem catalog"],
      false,
      (bench) => tamper(bench, "DELETE FROM lake.rows_2 WHERE text = '둘'"),
    ],
    [
      "values taken out of the catalog",
      ["problem catalog"],
      true,
      (bench) => tamper(bench, "UPDATE lake.rows_2 SET text = NULL WHERE text = '둘'"),
    ],
    [
      "a failed upload",
      ["warning uploads"],
      false,
      async ({ lake }) => {
        const manifest = makeManifest("create");
        const staged = createUploadLayout(lake.layout.upload("failed", manifest.upload_id));
        await mkdir(staged.folder, { recursive: true });
        await writeFile(staged.manifest.stagedAt, JSON.stringify(manifest));
      },
    ],
    [
      "an upload in processing that nobody works on",
      ["warning uploads"],
      false,
      async ({ lake }) => {
        const manifest = makeManifest("create");
        const staged = createUploadLayout(lake.layout.upload("processing", manifest.upload_id));
        await mkdir(staged.folder, { recursive: true });
        await writeFile(staged.manifest.stagedAt, JSON.stringify(manifest));
      },
    ],
    [
      "a pending upload without its manifest",
      ["problem uploads"],
      false,
      ({ lake }) => mkdir(lake.layout.upload("pending", makeManifest("create").upload_id)),
    ],
    [
      "an unfinished upload of last week",
      ["warning leftovers"],
      false,
      async ({ lake }) => {
        const folder = join(lake.layout.incoming, makeManifest("create").upload_id);
        await mkdir(folder);
        await age(folder);
      },
    ],
    [
      "a temporary file of last week",
      ["warning leftovers"],
      false,
      async ({ lake }) => {
        const path = join(lake.layout.jobs, ".j1.json.tmp-0123abcd");
        await writeFile(path, "");
        await age(path);
      },
    ],
    [
      "a lease of a dead process",
      ["warning leftovers"],
      false,
      async ({ lake }) => {
        const lease = await acquireLease(lake.layout.processLease, { purpose: "test" });
        const text = await readFile(lake.layout.processLease, "utf8");
        await lease.release();
        await writeFile(lake.layout.processLease, JSON.stringify({ ...JSON.parse(text), started: "1" }));
      },
    ],
    [
      "a server that does not answer",
      ["problem server"],
      false,
      async (bench) => {
        const server = Bun.serve({ port: 0, fetch: () => new Response() });
        bench.settings = { ...bench.settings, namedServer: server.url.href };
        await server.stop(true);
      },
    ],
  ];
  for (const [what, expected, needsFull, damage] of damages) {
    test(`finds ${what}`, () =>
      withLake(async (bench) => {
        await fill(bench);
        await damage(bench);
        expect(await complaints(bench, false)).toEqual(needsFull ? [] : expected);
        if (needsFull) expect(await complaints(bench, true)).toEqual(expected);
      }));
  }

  test("does not complain of what is in work", () =>
    withLake(async (bench) => {
      await fill(bench);
      const { layout } = bench.lake;
      const manifest = makeManifest("create");
      const staged = createUploadLayout(layout.upload("processing", manifest.upload_id));
      await mkdir(staged.folder, { recursive: true });
      await writeFile(staged.manifest.stagedAt, JSON.stringify(manifest));
      const leases = [
        await acquireLease(layout.processLease, { purpose: "test" }),
        await acquireLease(staged.lease.stagedAt, { purpose: "test" }),
      ];
      await mkdir(join(layout.incoming, makeManifest("create").upload_id));
      await writeFile(join(layout.jobs, ".j1.json.tmp-0123abcd"), "");
      const server = Bun.serve({ port: 0, fetch: () => new Response("{}") });
      bench.settings = { ...bench.settings, namedServer: server.url.href };
      expect(await complaints(bench)).toEqual([]);
      await server.stop(true);
      for (const lease of leases) await lease.release();
    }));

  test("says where, and what to do", () =>
    withLake(async (bench) => {
      await fill(bench);
      await rm(await firstAsset(bench));
      const result = (await examine(bench)).find((one) => one.name === "assets");
      expect(result?.advice).toBeString();
      expect(result?.details).toMatchObject({ count: 1, places: [expect.stringMatching(/^provider=aihub/)] });
    }));

  test("ends when it is cancelled", () =>
    withLake(async (bench) => {
      const signal = AbortSignal.abort();
      const { lake, settings } = bench;
      const run = examineLake({ lake, settings, full: true, signal, onProgress: () => {} });
      const error = await run.next().catch((caught) => caught);
      expect(error).toBeInstanceOf(AppError);
      expect(error.code).toBe("cancelled");
    }));
});

async function clearProcessing({ lake }: Workbench): Promise<void> {
  for (const id of await readdir(lake.layout.processing)) {
    await rm(join(lake.layout.processing, id), { recursive: true });
  }
}

async function tamper({ lake, database, folder }: Workbench, sql: string): Promise<void> {
  const copy = join(folder, "tampered.duckdb");
  await writeFile(copy, await readFile(lake.layout.catalogFile));
  await database.run(`ATTACH ${quoteText(copy)} AS lake`);
  await database.run(sql);
  await database.run("DETACH lake");
  await rename(copy, lake.layout.catalogFile);
}

async function age(path: string): Promise<void> {
  const past = new Date(Date.now() - 7 * 24 * 3600 * 1000);
  await utimes(path, past, past);
}

async function snapshot(root: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const name of (await readdir(root, { recursive: true })).sort()) {
    const bytes = await readFile(join(root, name)).catch(() => Buffer.from("folder"));
    files[name] = String(Bun.hash(bytes));
  }
  return files;
}
