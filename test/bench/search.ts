import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBClient } from "../../src/query/duckdb/client.ts";
import type { RowQuery } from "../../src/schema/query.ts";
import { type BenchContext, type Benchmark, formatSeconds, type Result } from "./benchmark.ts";
import { COMMON_MARK, makeSearchLabels, once, RARE_MARK } from "./corpus.ts";
import { type BenchLake, createBenchLake } from "./lake.ts";
import { median } from "./measure.ts";

const PARTITIONS = 60;
const ABSENT = "세상어디에도없는낱말";

/** 2,000,000 rows of OCR JSON of about 700 bytes over 60 partitions, with a vocabulary of some 400,000 words. */
function searchParts(context: BenchContext): Promise<string> {
  const rows = Math.round((2_000_000 * context.scale) / PARTITIONS);
  return once(join(context.corpora, `search-${PARTITIONS}x${rows}`), (folder) =>
    makeSearchLabels(folder, PARTITIONS, rows),
  );
}

const search: Benchmark = {
  name: "search",
  run: async (context) => {
    const lake = await createBenchLake(context);
    const parts = await searchParts(context);
    for (let part = 0; part < PARTITIONS; part++) {
      await lake.upload(join(parts, `part-${part}.parquet`), `글_${part}`);
    }
    const off = { ...lake.env, DATALAKE_CATALOG_INDEX: "off" };
    Object.assign(lake.env, off);
    await lake.process();
    const results = await compareBuilds(context, lake);
    results.push(...(await timeSearches(context, lake)));
    return results;
  },
};

/** Full rebuilds without and with the index, in turn; leaves both catalogs, `plain.duckdb` and that of the lake. */
async function compareBuilds(context: BenchContext, lake: BenchLake): Promise<Result[]> {
  const rebuild = async (index: "on" | "off") => {
    lake.env.DATALAKE_CATALOG_INDEX = index;
    return (await lake.run("catalog", "rebuild", "--full")).seconds;
  };
  const catalog = join(lake.root, "catalog.duckdb");
  const plain: number[] = [];
  const indexed: number[] = [];
  for (let run = 0; run < context.runs; run++) {
    plain.push(await rebuild("off"));
    if (run === 0) await copyFile(catalog, plainCatalog(context));
    indexed.push(await rebuild("on"));
  }
  const ratio = median(indexed.map((seconds, at) => seconds / (plain[at] ?? Number.NaN)));
  const sizes = await measureSizes(catalog);
  return [
    {
      job: "build of the search index, 2,000,000 rows",
      floor: "rebuild --full without",
      jobFigure: formatSeconds(median(indexed) - median(plain)),
      floorFigure: formatSeconds(median(plain)),
      value: ratio - 1,
      limit: 2,
      unit: "x",
      note: `both together ${formatSeconds(median(indexed))}`,
    },
    {
      job: "search index in the file",
      floor: "the text in the file",
      jobFigure: `${Math.round(sizes.index / 1e6)} MB`,
      floorFigure: `${Math.round(sizes.text / 1e6)} MB`,
      value: sizes.index / sizes.text,
      limit: 0.6,
      unit: "x",
    },
  ];
}

function plainCatalog(context: BenchContext): string {
  return join(context.work, "plain.duckdb");
}

/** Bytes of the blocks of the file that hold texts, and that hold the index. */
async function measureSizes(catalog: string): Promise<{ index: number; text: number }> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(catalog, { access_mode: "READ_ONLY" });
  const connection = await instance.connect();
  const blocksOf = async (table: string) => {
    const found = await connection.runAndReadAll(
      `SELECT (count(DISTINCT block_id) FILTER (block_id >= 0) + sum(len(additional_block_ids))) * 262144 FROM pragma_storage_info('${table}')`,
    );
    return Number(found.getRows()[0]?.[0] ?? 0);
  };
  let index = 0;
  for (const table of ["index_terms", "index_postings", "index_counters"]) index += await blocksOf(table);
  const homes = await connection.runAndReadAll(
    "SELECT table_name FROM duckdb_tables() WHERE regexp_full_match(table_name, 'rows_[0-9]+')",
  );
  let text = 0;
  for (const [home] of homes.getRows()) text += await blocksOf(String(home));
  connection.closeSync();
  instance.closeSync();
  return { index, text };
}

const RUNS = 40;

/** Searches on engines that stay open, against DuckDB's own scan in the same process. */
async function timeSearches(context: BenchContext, lake: BenchLake): Promise<Result[]> {
  const scratch = join(context.work, "scratch");
  const open = (path: string) => new DuckDBClient({ path, scratch, memory: "2GB", threads: 2 });
  const indexed = open(join(lake.root, "catalog.duckdb"));
  const plain = open(plainCatalog(context));
  const bare = await openBare(plainCatalog(context));
  const hits = Math.ceil((Math.round((2_000_000 * context.scale) / PARTITIONS) * PARTITIONS) / 200);
  const contains = (text: string) => `SELECT count(*) FROM catalog WHERE contains(label, '${text}')`;
  const unnest = (text: string) =>
    `SELECT count(*) FROM catalog WHERE EXISTS (SELECT 1 FROM (SELECT unnest(json_extract(label, '$.words')::JSON[]) AS word) WHERE word->>'$.text' LIKE '%${text}%')`;
  const scanMs = await timeMs(() => bare.run(contains(RARE_MARK)), 5);
  const unnestMs = await timeMs(() => bare.run(unnest(RARE_MARK)), 2);
  const results: Result[] = [];
  const add = (job: string, floor: string, ms: number, floorMs: number, limit: number, unit: "ms" | "x") =>
    results.push({
      job,
      floor,
      jobFigure: `${ms.toFixed(1)} ms`,
      floorFigure: `${floorMs.toFixed(0)} ms`,
      value: unit === "ms" ? ms : ms / floorMs,
      limit,
      unit,
    });
  const engineMs = async (client: DuckDBClient, query: RowQuery, runs = RUNS) => {
    const times: number[] = [];
    for (let run = 0; run <= runs; run++) {
      const result = await client.retrieveWithExistingCols({ limit: 10, ...query });
      if (run > 0) times.push(result.stats.engineMs);
    }
    return median(times);
  };
  const path = { column: "label", json_path: "$.words.text" };
  const scan = "DuckDB contains over all rows";
  add(
    "search for a rare word, ten rows read",
    scan,
    await engineMs(indexed, { text: RARE_MARK }),
    scanMs,
    20,
    "ms",
  );
  add("search for an absent word", scan, await engineMs(indexed, { text: ABSENT }), scanMs, 20, "ms");
  add(
    `search for a word in ${hits} rows`,
    scan,
    await engineMs(indexed, { text: COMMON_MARK }),
    scanMs,
    100,
    "ms",
  );
  add("search for one syllable", scan, await engineMs(indexed, { text: "표" }), scanMs, 100, "ms");
  const across = `${RARE_MARK}","box":[`;
  add("search across tokens", scan, await engineMs(indexed, { text: across }), scanMs, 100, "ms");
  const rareAtPath = { text: RARE_MARK, ...path };
  add(
    "search at a JSON path, indexed",
    "JSON unnest",
    await engineMs(indexed, rareAtPath),
    unnestMs,
    100,
    "ms",
  );
  // In turn with what it is compared with: the machine is shared.
  const scans: number[] = [];
  const bares: number[] = [];
  const paths: number[] = [];
  for (let run = 0; run < 5; run++) {
    bares.push(await timeMs(() => bare.run(contains(ABSENT)), 1));
    scans.push(await engineMs(plain, { text: ABSENT, column: "label" }, 1));
    paths.push(await engineMs(plain, { text: RARE_MARK, ...path }, 1));
  }
  add("search without an index", scan, median(scans), median(bares), 1.2, "x");
  add("search at a JSON path without an index", "the plain one", median(paths), median(scans), 1.5, "x");
  indexed.close();
  plain.close();
  bare.close();
  return results;
}

async function openBare(path: string): Promise<{ run(sql: string): Promise<unknown>; close(): void }> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(path, { access_mode: "READ_ONLY", threads: "2" });
  const connection = await instance.connect();
  return {
    run: async (sql) => (await connection.runAndReadAll(sql)).getRows(),
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** Median time of some calls after a first one that warms up, in ms. */
async function timeMs(work: () => Promise<unknown>, runs: number): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run <= runs; run++) {
    const startedMs = performance.now();
    await work();
    if (run > 0) times.push(performance.now() - startedMs);
  }
  return median(times);
}

export const searchBenchmarks = [search];
