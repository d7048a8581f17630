import { afterAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkRelationSize } from "../../src/ingest/input-limits.ts";
import { openDatabase } from "../../src/query/database.ts";
import { codeOf } from "../code-of.ts";

const scratch = await mkdtemp(join(tmpdir(), "datalake-limits-"));
const database = await openDatabase({ scratch, threads: 1 });
afterAll(async () => {
  database.close();
  await rm(scratch, { recursive: true, force: true });
});

const LONG = "repeat('a', 1000)";
const MAX_BYTES = 50_000;

test.each([
  ["text", `SELECT ${LONG} AS a FROM range(100)`],
  ["bytes", `SELECT ${LONG}::BLOB AS a FROM range(100)`],
  ["lists of text", `SELECT [${LONG}, NULL, ${LONG}] AS a FROM range(50)`],
  ["structs", `SELECT {'x y': ${LONG}, 'b': NULL::INTEGER} AS a FROM range(100)`],
  ["lists of structs", `SELECT [{'a': [${LONG}]}] AS a FROM range(100)`],
  ["lists of numbers", "SELECT range(1000) AS a FROM range(100)"],
  ["numbers", "SELECT range AS a, range AS b FROM range(5000)"],
])("%s that decode to more than is taken are refused, and fewer are not", async (_, sql) => {
  const check = (relation: string) =>
    codeOf(checkRelationSize(database, relation, { maxRows: 10_000, maxBytes: MAX_BYTES }));
  expect(await check(`(${sql})`)).toBe("too_large");
  expect(await check(`(${sql} LIMIT 3)`)).toBe("done");
  expect(await check(`(${sql} LIMIT 0)`)).toBe("done");
});

test("more rows than are taken are refused", async () => {
  const limits = { maxRows: 99, maxBytes: MAX_BYTES };
  expect(await codeOf(checkRelationSize(database, "(SELECT 1 FROM range(100))", limits))).toBe("too_large");
  expect(await codeOf(checkRelationSize(database, "(SELECT 1 FROM range(99))", limits))).toBe("done");
});
