import { expect, setDefaultTimeout, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { catalogInfo, catalogPartitions } from "../../src/catalog/info.ts";
import { readPartition } from "../../src/catalog/partition.ts";
import { commitUpload } from "../../src/catalog/write.ts";
import { examineLake } from "../../src/doctor/doctor.ts";
import { checkMode } from "../../src/ingest/lake-checks.ts";
import { quoteText } from "../../src/query/sql.ts";
import type { PartitionKey } from "../../src/schema/partition.ts";
import type { UploadManifest } from "../../src/schema/upload.ts";
import { codeOf } from "../code-of.ts";
import { commit, KEY, makeManifest, query, refresh, type Workbench, withLake } from "./lakes.ts";

setDefaultTimeout(120_000);

const ODD: PartitionKey = { ...KEY, dataset: "odd" };
const COUNTS = "SELECT dataset, count(*) AS n FROM catalog GROUP BY dataset ORDER BY dataset";
const BOTH = [
  { dataset: "odd", n: 2 },
  { dataset: "책", n: 1 },
];

/** Commits rows as a version of this program did that checked no manifest. */
async function commitUnchecked(
  { lake, database }: Workbench,
  change: Record<string, unknown>,
  mode: UploadManifest["mode"] = "create",
): Promise<void> {
  const manifest = { ...makeManifest(mode, ODD), ...change } as UploadManifest;
  await commitUpload(database, lake, { manifest, select: "SELECT 1 AS n", rejected: 0 });
}

async function findings({ lake, settings }: Workbench): Promise<string[]> {
  const found: string[] = [];
  const signal = new AbortController().signal;
  for await (const { name, status, message } of examineLake({
    lake,
    settings,
    full: true,
    signal,
    onProgress: () => {},
  })) {
    if (status !== "ok" && name !== "space" && name !== "uploads")
      found.push(`${status} ${name}: ${message}`);
  }
  return found;
}

test("a time that is none, in a partition's own files, is shown as unknown and told by doctor", () =>
  withLake(async (bench) => {
    await commitUnchecked(bench, { created_at: "yesterday", created_by: "a\ud800b\0" });
    await commitUnchecked(bench, { created_at: "2026-02-30T00:00:00.000Z" }, "append");
    await commit(bench, "create", "SELECT 1 AS n");
    expect(await refresh(bench)).toMatchObject({ partitions: 2, rows: 3, failed: [] });
    expect(await query(bench, COUNTS)).toEqual(BOTH);
    const { partitions } = await catalogPartitions(bench);
    expect(partitions.map(({ dataset, uploaded_at }) => [dataset, uploaded_at])).toEqual([
      ["odd", null],
      ["책", "2026-01-02T03:04:05.000Z"],
    ]);
    expect(await catalogInfo(bench)).toMatchObject({ rows: 3 });
    const [finding, ...others] = await findings(bench);
    expect(others).toEqual([]);
    expect(finding).toStartWith("warning partitions: the log of partitions has invalid times");
    expect(finding).toContain('aihub/odd/raw/text ("yesterday")');
    await commitUnchecked(bench, {}, "append");
    expect(await refresh(bench)).toMatchObject({ rows: 4, failed: [] });
    expect(await refresh(bench, { full: true })).toMatchObject({ rows: 4, failed: [] });
    const [odd] = (await catalogPartitions(bench)).partitions;
    expect(odd?.uploaded_at).toBe("2026-01-02T03:04:05.000Z");
  }));

/** The value of one field somewhere in a JSON document, replaced. */
function mutate(document: unknown, place: number, junk: unknown): unknown {
  const fields: [Record<string, unknown>, string][] = [];
  const walk = (value: unknown) => {
    if (typeof value !== "object" || value === null) return;
    for (const name of Object.keys(value)) {
      fields.push([value as Record<string, unknown>, name]);
      walk((value as Record<string, unknown>)[name]);
    }
  };
  const copy = structuredClone(document);
  walk(copy);
  const [owner, name] = fields[place % fields.length] ?? [{}, ""];
  owner[name] = junk;
  return copy;
}

const JUNK = fc.oneof(
  fc.constantFrom(
    null,
    -1,
    1.5,
    1e308,
    2 ** 53,
    "",
    "yesterday",
    "NOPE",
    "\ud800",
    "\0",
    [],
    {},
    [null],
    [[[]]],
  ),
  fc.string(),
  fc.integer(),
);

test("whatever one value of _metadata.json is, the catalog holds the rows of the files", () =>
  withLake(async (bench) => {
    await commit(bench, "create", "SELECT 1 AS n");
    await commit(bench, "create", "SELECT 1 AS n, 'x' AS text UNION ALL SELECT 2, NULL", ODD);
    await refresh(bench);
    const path = join(bench.lake.layout.partition(ODD), "_metadata.json");
    const good = JSON.parse(await readFile(path, "utf8"));
    await fc.assert(
      fc.asyncProperty(fc.nat(), JUNK, async (place, junk) => {
        await writeFile(path, JSON.stringify(mutate(good, place, junk)));
        const result = await refresh(bench, { full: true });
        // What it says of columns is believed until a file does not load by it: then it is told, and the rows of before stay.
        if (result.failed.length > 0) {
          expect(result.failed).toMatchObject([{ partition: "aihub/odd/raw/text", code: "corrupt" }]);
        }
        expect(await query(bench, COUNTS)).toEqual(BOTH);
        const checked = checkMode(bench.lake, ODD, "create", [], []);
        expect(await codeOf(checked)).toBe("partition_exists");
      }),
      { numRuns: 10 },
    );
  }));

test("whatever one value of a file's own entry is, the other partitions are there and this one is, or is told", () =>
  withLake(async (bench) => {
    const { lake, database } = bench;
    await commit(bench, "create", "SELECT 1 AS n");
    await commit(bench, "create", "SELECT 1 AS n UNION ALL SELECT 2", ODD);
    await refresh(bench);
    const base = join(lake.layout.partition(ODD), "data.parquet");
    const [entry] = await database.rows<{ value: string }>(
      `SELECT decode(value) AS value FROM parquet_kv_metadata(${quoteText(base)}) WHERE decode(key) = 'datalake'`,
    );
    const good = JSON.parse(entry?.value ?? "");
    await database.run(
      `CREATE TABLE held AS FROM read_parquet(${quoteText(base)}, hive_partitioning = false)`,
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(), JUNK, async (place, junk) => {
        const value = JSON.stringify(mutate(good, place, junk));
        // Beside it an entry of somebody else that is no text.
        await database.run(
          `COPY held TO ${quoteText(base)} (FORMAT parquet, KV_METADATA {datalake: ${quoteText(value)}, other: '\\xFF\\xFE'::BLOB})`,
        );
        const result = await refresh(bench, { full: true });
        if (result.failed.length > 0) {
          expect(result.failed).toMatchObject([{ partition: "aihub/odd/raw/text", code: "corrupt" }]);
        }
        expect(await query(bench, COUNTS)).toEqual(BOTH);
        expect((await catalogPartitions(bench)).partitions.length).toBe(2);
      }),
      { numRuns: 10 },
    );
  }));

test("columns called as properties of every object are columns as others are, with their features", () =>
  withLake(async (bench) => {
    const names = ["constructor", "prototype", "has_own_property", "length"];
    const values = names.map((name) => `${quoteText(name)} AS ${name}`).join(", ");
    const features = { prototype: { names: ["a"], _type: "ClassLabel" } };
    await commitUpload(bench.database, bench.lake, {
      manifest: { ...makeManifest("create"), features },
      select: `SELECT * REPLACE (0::BIGINT AS prototype) FROM (SELECT ${values})`,
      rejected: 0,
    });
    expect(await refresh(bench)).toMatchObject({ partitions: 1, rows: 1, failed: [] });
    const [row] = await query(bench, `SELECT ${names.join(", ")} FROM catalog`);
    expect(row).toEqual(Object.fromEntries(names.map((name) => [name, name === "prototype" ? 0 : name])));
    expect((await readPartition(bench.database, bench.lake, KEY))?.features.prototype).toEqual(
      features.prototype,
    );
    expect(await findings(bench)).toEqual([]);
  }));
