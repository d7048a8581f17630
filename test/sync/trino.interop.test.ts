import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compactIfDue } from "../../src/catalog/compact.ts";
import { commitUpload } from "../../src/catalog/write.ts";
import type { RowQuery } from "../../src/schema/query.ts";
import { commit, makeManifest, refresh, type Workbench, withLake } from "../catalog/lakes.ts";
import { type FaultyProxy, startFaultyProxy } from "../engines/faulty-proxy.ts";
import { MANY, PARTS, WORDS } from "../engines/rows.ts";
import { trinoWanted } from "../engines/trino.ts";
import { bothRows, overFolder, overS3, type SyncBench, sync } from "./kit.ts";

setDefaultTimeout(300_000); // Trino may have to be started, on a machine that is busy

const PAGES = { ...WORDS, dataset: "쪽-수", variant: "it.s" };
const OTHER = { ...PAGES, variant: "둘째" };
const rowsFrom = (from: number, more = "") =>
  `SELECT range AS id, '쪽 ' || range AS body${more}, 'u' AS upload_id, range AS source_row FROM range(${from}, ${from + 3})`;

async function expectSame(
  bench: SyncBench,
  query: RowQuery = {},
  without: readonly string[] = [],
): Promise<void> {
  const { own, trino } = await bothRows(bench, query);
  expect(trino.partitions).toEqual(own.partitions);
  const drop = (row: Record<string, unknown>) => {
    const rest = { ...row };
    for (const name of without) delete rest[name];
    return rest;
  };
  expect(trino.rows.map(drop)).toEqual(own.rows.map(drop));
}

/** Each of these leaves another lake behind. */
const CHANGES: [string, (bench: Workbench) => Promise<unknown>, { files: number; moved: number }][] = [
  ["an append", (bench) => commit(bench, "append", rowsFrom(3), PAGES), { files: 1, moved: 0 }],
  [
    "a column",
    (bench) => commit(bench, "append", rowsFrom(6, ", range / 4 AS 점수"), PAGES),
    { files: 1, moved: 0 },
  ],
  ["a new base", (bench) => commit(bench, "replace", rowsFrom(9), PAGES), { files: 1, moved: 1 }],
  ["an append to it", (bench) => commit(bench, "append", rowsFrom(12), PAGES), { files: 1, moved: 0 }],
  ["a partition", (bench) => commit(bench, "create", rowsFrom(0), OTHER), { files: 1, moved: 0 }],
  [
    "a partition less",
    ({ lake }) => rm(lake.layout.partition(OTHER), { recursive: true }),
    { files: 0, moved: 0 },
  ],
];

describe.skipIf(!trinoWanted).each([
  ["over S3", overS3],
  ["over the lake's own folder", overFolder],
])("a sync to Trino %s", (_, over) => {
  test("brings every change, and only that", () =>
    withLake(async (plain) => {
      const bench = await over(plain);
      for (const { key, select } of PARTS.filter((part) => part.key !== MANY)) {
        await commit(bench, "create", select, key);
      }
      await commit(bench, "create", rowsFrom(0), PAGES);
      await refresh(bench);
      const first = await sync(bench);
      const without = first.result.left_out;
      // Over the lake's own files a column of two types, or of unsigned integers, is in no table.
      expect(without.length > 0).toBe(bench.s3 === undefined);
      for (const name of bench.s3 === undefined ? ["score", "ubig"] : []) expect(without).toContain(name);
      await expectSame(bench, {}, without);
      expect((await sync(bench)).plan.upToDate).toBe(true);
      for (const [what, change, { files, moved }] of CHANGES) {
        await change(bench);
        await refresh(bench);
        const { plan, result } = await sync(bench);
        expect({
          what,
          files: plan.transfers.length,
          moved: plan.moves.length,
          isNew: plan.table.isNew,
        }).toEqual({ what, files, moved, isNew: false });
        expect(result.objects).toBe(files + 1); // and the list of partitions
        await expectSame(bench, { datasets: [PAGES.dataset] });
      }
    }));

  test("brings a column that has no values, of another type than the others", () =>
    withLake(async (plain) => {
      const bench = await over(plain);
      const of = (values: readonly string[]) =>
        `SELECT ${values.map((value, at) => `${value} AS c${at}`).join(", ")}, 'u' AS upload_id, 0 AS source_row`;
      await commit(bench, "create", of(EMPTY.map(([type]) => `NULL::${type}`)), PAGES);
      await commit(bench, "create", of(EMPTY.map(([, value]) => value)), OTHER);
      await refresh(bench);
      const { left_out } = (await sync(bench)).result;
      expect(left_out).toEqual(
        bench.s3 ? [] : EMPTY.flatMap(([, , isRead], at) => (isRead ? [] : [`c${at}`])),
      );
      await expectSame(bench, {}, left_out);
    }));

  test("brings a column whose type came with later rows", () =>
    withLake(async (plain) => {
      const bench = await over(plain);
      const of = (tags: string, n: string, row: number) =>
        `SELECT ${tags} AS tags, ${n} AS n, 'u' AS upload_id, ${row} AS source_row`;
      const manifest = {
        ...makeManifest("create", PAGES),
        columns: [{ name: "tags", type: "VARCHAR[]", open: true }],
      };
      const { database, lake } = bench;
      await commitUpload(database, lake, {
        manifest,
        select: of("[NULL]::VARCHAR[]", "NULL::VARCHAR", 0),
        rejected: 0,
      });
      await commit(bench, "create", of("[5::BIGINT]", "2.5::DOUBLE", 0), OTHER);
      await refresh(bench);
      const { left_out } = (await sync(bench)).result;
      expect(left_out).toEqual(bench.s3 ? [] : ["tags", "n"]); // Trino does not read such text as numbers
      await expectSame(bench, {}, left_out);
      await commit(bench, "append", of("[7::BIGINT]", "1.5::DOUBLE", 1), PAGES);
      expect(await compactIfDue(database, lake, PAGES)).toBe(true); // as a job does at its end
      await refresh(bench);
      expect((await sync(bench)).result.left_out).toEqual([]);
      await expectSame(bench);
      const { trino } = await bothRows(bench, { datasets: [PAGES.dataset] });
      const found = trino.rows.map(({ tags, n }) => ({ tags, n }));
      expect(found).toEqual([
        { tags: [null], n: null },
        { tags: [7n], n: 1.5 },
        { tags: [5n], n: 2.5 },
      ]);
    }));
});

/** A type, a value of another one, and whether Trino reads files with NULLs of the first as the second. */
const EMPTY = [
  ["INTEGER", "'가'", true],
  ["DECIMAL(10,2)", "'나'", true],
  ["BIGINT", "1.5::DOUBLE", true],
  ["UTINYINT", "1.5::FLOAT", true],
  ["SMALLINT", "DATE '2020-01-01'", true],
  ["FLOAT", "1.5::DOUBLE", true],
  ["BIGINT", "7::INTEGER", true],
  ["VARCHAR", "7::INTEGER", false],
  ["DATE", "1.5::DOUBLE", false],
  ["DOUBLE", "['가']", false],
  ["BIGINT[]", "'다'", false],
  ["BIGINT[]", "['라']", false],
  ["STRUCT(a BIGINT)", "{'b': 'x'}", false],
  ["BOOLEAN", "{'b': 2::BIGINT}", false],
  ["BIGINT", "'x'::BLOB", false],
  ["INTEGER", "TIMESTAMP '2020-01-01'", false],
] as const;

describe.skipIf(!trinoWanted)("a sync over the lake's own folder", () => {
  test("finds one version of a partition, whatever is committed and left over beside it", () =>
    withLake(async (plain) => {
      const bench = await overFolder(plain);
      const folder = bench.lake.layout.partition(PAGES);
      await commit(bench, "create", rowsFrom(0), PAGES);
      await commit(bench, "append", rowsFrom(3), PAGES);
      await refresh(bench);
      await sync(bench);
      const old = await readFile(join(folder, "data.parquet"));
      const { trino: before } = await bothRows(bench);
      await commit(bench, "replace", rowsFrom(9), PAGES);
      await writeFile(join(folder, "data.parquet"), old); // as where somebody has it open
      expect((await bothRows(bench)).trino.rows).toEqual(before.rows);
      await refresh(bench);
      await sync(bench);
      await expectSame(bench);
      await writeFile(join(folder, "data.parquet"), old);
      await expectSame(bench);
      expect((await sync(bench, { graceMs: 0 })).result.removed).toBeGreaterThan(0);
      await expectSame(bench);
    }));
});

describe.skipIf(!trinoWanted)("a sync over S3", () => {
  test("brings lists of texts and lists of numbers as lists of texts", () =>
    withLake(async (plain) => {
      const bench = await overS3(plain);
      const facts = "'u' AS upload_id, 0::BIGINT AS source_row";
      await commit(bench, "create", `SELECT ['a', 'it''s [b]', NULL] AS tags, ${facts}`, PAGES);
      await commit(bench, "create", `SELECT [1::BIGINT, 22] AS tags, ${facts}`, OTHER);
      await refresh(bench);
      await sync(bench);
      await expectSame(bench);
      await expectSame(bench, { column: "tags", text: "2" });
    }));

  test("brings lists beside text as JSON", () =>
    withLake(async (plain) => {
      const bench = await overS3(plain);
      const facts = "'u' AS upload_id, 0::BIGINT AS source_row";
      await commit(bench, "create", `SELECT ['a, b', 'it''s [b]', NULL] AS tags, ${facts}`, PAGES);
      await commit(bench, "create", `SELECT 'plain' AS tags, ${facts}`, OTHER);
      await refresh(bench);
      await sync(bench);
      await expectSame(bench);
      await expectSame(bench, { column: "tags", text: "a, b" });
    }));

  test("makes the table anew when a column's type must change, in all files of it", () =>
    withLake(async (plain) => {
      const bench = await overS3(plain);
      await commit(bench, "create", "SELECT 1::BIGINT AS n, 'u' AS upload_id, 0 AS source_row", PAGES);
      await refresh(bench);
      await sync(bench);
      await commit(bench, "create", "SELECT 'viele' AS n, 'u' AS upload_id, 0 AS source_row", OTHER);
      await refresh(bench);
      const { plan } = await sync(bench);
      expect([plan.table.isNew, plan.transfers.length]).toEqual([true, 2]);
      await expectSame(bench);
      const { trino } = await bothRows(bench);
      expect(trino.rows.map(({ n }) => n)).toEqual(["viele", "1"].sort());
    }));

  test("killed anywhere goes on, with nothing lost, doubled or left behind", () =>
    withLake(async (plain) => {
      const [s3, trino] = [await proxyTo("s3"), await proxyTo("trino")];
      const bench = await overS3(plain, { s3: s3.before, trino: trino.before });
      await commit(bench, "create", rowsFrom(0), PAGES);
      await refresh(bench);
      let failed = 0;
      for (let at = 0, isDone = false; !isDone; at += 1) {
        // Each round another lake, of changes of every kind; all calls from the n-th on fail.
        await commit(bench, at % 3 === 1 ? "replace" : "append", rowsFrom(at * 3), PAGES);
        if (at % 2 === 0) await commit(bench, "create", rowsFrom(at), OTHER);
        else await rm(bench.lake.layout.partition(OTHER), { recursive: true });
        await refresh(bench);
        let calls = 0;
        const fault = () => (calls++ >= at ? ({ status: 403, body: "no more" } as const) : undefined);
        s3.fail(({ method }) => (method === "PUT" || method === "DELETE" ? fault() : undefined));
        trino.fail(({ method }) => (method === "POST" ? fault() : undefined));
        isDone = await sync(bench).then(
          () => true,
          () => false,
        );
        s3.fail(undefined);
        trino.fail(undefined);
        if (!isDone) failed += 1;
        if (at % 4 !== 3 && !isDone) continue; // some fail twice in a row
        await sync(bench);
        await expectSame(bench);
        isDone = isDone && at % 3 === 0;
      }
      expect(failed).toBeGreaterThan(6);
      const { plan } = await sync(bench, { graceMs: 0 });
      const keys = (await bench.s3?.list({ prefix: "호수/lake/trino/data/" }))?.contents ?? [];
      expect(keys.length).toBe(plan.partitions.reduce((sum, { files }) => sum + files.length, 0));
      const lists = (await bench.s3?.list({ prefix: "호수/lake/trino/partitions/" }))?.contents ?? [];
      expect(lists.length).toBe(1);
      await expectSame(bench);
    }));

  test("whose answers are lost does nothing twice", () =>
    withLake(async (plain) => {
      const [s3, trino] = [await proxyTo("s3"), await proxyTo("trino")];
      const bench = await overS3(plain, { s3: s3.before, trino: trino.before });
      await commit(bench, "create", rowsFrom(0), PAGES);
      await refresh(bench);
      let count = 0;
      s3.fail(() => (count++ % 5 === 4 ? "lost" : undefined));
      let outcome: unknown = await sync(bench).catch((error) => error);
      for (let tries = 0; outcome instanceof Error && tries < 20; tries++) {
        outcome = await sync(bench).catch((error) => error);
      }
      s3.fail(undefined);
      expect(outcome).not.toBeInstanceOf(Error);
      await expectSame(bench);
    }));

  test("says what is refused, and by whom", () =>
    withLake(async (plain) => {
      const s3 = await proxyTo("s3");
      const bench = await overS3(plain, { s3: s3.before });
      await commit(bench, "create", rowsFrom(0), PAGES);
      await refresh(bench);
      const denied = `<Error><Code>AccessDenied</Code><Message>no</Message></Error>`;
      s3.fail(({ method }) => (method === "PUT" ? { status: 403, body: denied } : undefined));
      await expect(sync(bench)).rejects.toMatchObject({ code: "forbidden" });
      s3.fail(() => ({ status: 403, body: denied }));
      await expect(sync(bench)).rejects.toMatchObject({ code: "forbidden" });
      s3.fail(() => ({ status: 404, body: "<Error><Code>NoSuchBucket</Code></Error>" }));
      await expect(sync(bench)).rejects.toMatchObject({ code: "not_found" });
      s3.fail(() => "cut");
      await expect(sync(bench)).rejects.toMatchObject({ code: "server_unreachable" });
      s3.fail(undefined);
      const abort = AbortSignal.abort();
      await expect(sync(bench, {}, abort)).rejects.toMatchObject({ code: "cancelled" });
    }));

  test("refuses a partition that is no longer what the catalog tells", () =>
    withLake(async (plain) => {
      const bench = await overS3(plain);
      await commit(bench, "create", rowsFrom(0), PAGES);
      await refresh(bench);
      await commit(bench, "replace", rowsFrom(3), PAGES);
      await expect(sync(bench)).rejects.toMatchObject({ code: "conflict" });
      await refresh(bench);
      await sync(bench);
      await expectSame(bench);
    }));
});

/** A proxy before S3 or Trino; `before` starts it at the first address that it is given. */
async function proxyTo(name: string) {
  let proxy: FaultyProxy | undefined;
  let decide: Parameters<FaultyProxy["fail"]>[0];
  return {
    name,
    before: async (target: string) => {
      proxy = await startFaultyProxy(target);
      proxy.fail((request) => decide?.(request));
      proxies.push(proxy);
      return proxy.url;
    },
    fail: (next: typeof decide) => {
      decide = next;
    },
  };
}

const proxies: FaultyProxy[] = [];
afterAll(() => {
  for (const proxy of proxies) proxy.close();
});
