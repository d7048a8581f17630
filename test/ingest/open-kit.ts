import { expect } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DatalakeClient } from "../../src/client/index.ts";
import type { Database } from "../../src/query/database.ts";
import { quoteText } from "../../src/query/sql.ts";

/** JSON of a value without a type, of one that comes after it, the type then, and both as they then are. */
export const KINDS = [
  ["[]", "[1,2]", "BIGINT[]", [[], [1, 2]]],
  ["[null]", "[0.5]", "DOUBLE[]", [[null], [0.5]]],
  ["[]", "[true]", "BOOLEAN[]", [[], [true]]],
  ["[]", '["가"]', "VARCHAR[]", [[], ["가"]]],
  ["[[]]", "[[1],null]", "BIGINT[][]", [[[]], [[1], null]]],
  ["[]", "[[0.5],[]]", "DOUBLE[][]", [[], [[0.5], []]]],
  ["[[null],null]", "[[]]", "VARCHAR[][]", [[[null], null], [[]]]],
  ["[]", '[{"a":1}]', "VARCHAR", ["[]", '[{"a":1}]']],
  ["[null,null]", '{"a":[]}', "VARCHAR", ["[null,null]", '{"a":[]}']],
  ["[[]]", '[{"a":null}]', "VARCHAR", ["[[]]", '[{"a":null}]']],
  ["[]", '"글"', "VARCHAR", ["[]", "글"]],
  ["null", "[1]", "BIGINT[]", [null, [1]]],
  ["null", "7", "BIGINT", [null, 7]],
  ['{"a":null}', '{"a":1}', "VARCHAR", ['{"a":null}', '{"a":1}']],
  ['[{"a":[]}]', '[{"a":[1]}]', "VARCHAR", ['[{"a":[]}]', '[{"a":[1]}]']],
] as const;
export type Kind = readonly [first: string, next: string, type: string, values: readonly unknown[]];

export const firsts = (kinds: readonly Kind[]) => kinds.map(([first]) => first);
export const nexts = (kinds: readonly Kind[]) => kinds.map(([, next]) => next);

/** One row of these values of JSON, in columns `c0`, `c1`... */
export async function jsonLines(folder: string, name: string, values: readonly string[]): Promise<string> {
  const path = join(folder, `${name}.jsonl`);
  await writeFile(path, `{${values.map((value, at) => `"c${at}":${value}`).join(",")}}\n`);
  return path;
}

export async function processAll(client: DatalakeClient): Promise<void> {
  const { jobId } = await client.triggerProcessing();
  const job = await client.waitForJobCompletion(jobId);
  expect(job.uploads.filter(({ status }) => status !== "completed")).toEqual([]);
}

/** Types and rows of a relation, the rows in the order in which they came. */
export async function readRelation(database: Database, from: string) {
  const described = await database.rows<{ column_name: string; column_type: string }>(
    `DESCRIBE SELECT * FROM ${from}`,
  );
  const rows = await database.rows<{ json: string }>(
    `SELECT CAST(to_json(t) AS VARCHAR) AS json FROM (SELECT * FROM ${from} ORDER BY dataset, upload_id, source_row) t`,
  );
  return {
    types: Object.fromEntries(described.map((one) => [one.column_name, one.column_type])),
    rows: rows.map(({ json }) => JSON.parse(json) as Record<string, unknown>),
  };
}

export async function downloadRows(
  client: DatalakeClient,
  database: Database,
  folder: string,
  datasets: string[],
) {
  const output = join(folder, `${crypto.randomUUID()}.parquet`);
  await client.download({ query: { datasets }, format: "parquet", output });
  return readRelation(database, `read_parquet(${quoteText(output)})`);
}

/** Of each kind there is one row before and one after, in the type of what came after. */
export function expectTyped(
  { types, rows }: Awaited<ReturnType<typeof readRelation>>,
  kinds: readonly Kind[],
  order: "first" | "last" = "first",
) {
  for (const [at, [first, next, type, values]] of kinds.entries()) {
    const found = rows.map((row) => row[`c${at}`]);
    const wanted = order === "first" ? values : values.toReversed();
    expect([first, next, types[`c${at}`], found]).toEqual([first, next, type, [...wanted]]);
  }
}
