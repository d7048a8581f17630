import { expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import fc from "fast-check";
import { compactPartition } from "../../src/catalog/compact.ts";
import { readPartition } from "../../src/catalog/partition.ts";
import { selectRows } from "../../src/catalog/rows.ts";
import { formatPartition, type PartitionKey } from "../../src/schema/partition.ts";
import { commit, KEY, query, refresh, type Workbench, withLake } from "./lakes.ts";

setDefaultTimeout(120_000); // a machine that is busy elsewhere

const KEYS: PartitionKey[] = [KEY, { ...KEY, dataset: "007" }, { ...KEY, task: "ocr", variant: "base" }];

/** Columns of one upload beside `id`; those of one partition can meet, those of different ones need not. */
const SHAPES = [
  ["1::INTEGER AS n", "2.5::DOUBLE AS n, 'x' AS text", "NULL::INTEGER AS n, [id] AS list", "{'a': id} AS s"],
  ["'x' AS n", "'y' AS n, 1 AS source_row", "NULL::DATE AS text", "{'b': id} AS s"],
  ["DATE '2020-01-01' AS n", "id::TINYINT AS file_index", "'t' AS text", "[1.5] AS list"],
];

type Op =
  | { kind: "upload"; partition: number; replace: boolean; rows: number; shape: number }
  | { kind: "compact" | "remove"; partition: number }
  | { kind: "refresh" };

const partition = fc.nat({ max: KEYS.length - 1 });
const operation: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("upload" as const),
      partition,
      replace: fc.boolean(),
      rows: fc.nat({ max: 4 }),
      shape: fc.nat({ max: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom("compact" as const, "remove" as const), partition }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: "refresh" as const }) },
);

/** Every row of the catalog as JSON with its columns by name, sorted. */
async function catalogRows(bench: Workbench): Promise<string[]> {
  const columns = await query<{ name: string }>(
    bench,
    "SELECT column_name AS name FROM duckdb_columns() WHERE database_name = 'published' AND table_name = 'catalog' ORDER BY 1",
  );
  const list = columns.map(({ name }) => `"${name}"`).join(", ");
  const rows = await query<{ row: string }>(
    bench,
    `SELECT to_json(c)::VARCHAR AS row FROM (SELECT ${list} FROM catalog) c`,
  );
  return rows.map(({ row }) => row).sort();
}

test("after any changes a refresh equals a full rebuild, and both the files", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 3, maxLength: 10 }), async (operations) => {
      await withLake(async (bench) => {
        const { lake, database } = bench;
        const model = new Map<string, number[]>();
        let next = 0;
        for (const operation of [...operations, { kind: "refresh" } as const]) {
          if (operation.kind === "refresh") {
            await refresh(bench);
            continue;
          }
          const key = KEYS[operation.partition] ?? KEY;
          const name = formatPartition(key);
          if (operation.kind === "upload") {
            const ids = Array.from({ length: operation.rows }, () => next++);
            const columns = SHAPES[operation.partition]?.[operation.shape];
            const select = `SELECT id, ${columns} FROM (SELECT unnest([${ids}]::BIGINT[]) AS id)`;
            await commit(bench, operation.replace ? "replace" : "append", select, key);
            model.set(name, [...(operation.replace ? [] : (model.get(name) ?? [])), ...ids]);
          } else if (operation.kind === "remove") {
            await rm(lake.layout.partition(key), { recursive: true, force: true });
            model.delete(name);
          } else {
            const state = await readPartition(database, lake, key);
            if (state) await compactPartition(database, lake, state);
          }
        }
        if (model.size === 0) {
          expect(await catalogRows(bench)).toEqual([]);
          return;
        }
        const seen = await query<{ partition: string; ids: number[] }>(
          bench,
          "SELECT concat_ws('/', provider, dataset, task, variant) AS partition, list(id) AS ids FROM catalog GROUP BY ALL",
        );
        const expected = Array.from(model).filter(([, ids]) => ids.length > 0);
        expect(Object.fromEntries(seen.map(({ partition, ids }) => [partition, ids]))).toEqual(
          Object.fromEntries(expected),
        );
        for (const key of KEYS) {
          const state = await readPartition(database, lake, key);
          if (!state) continue;
          const rows = await database.rows<{ id: number }>(
            `SELECT id FROM (${selectRows(state.files, state.columns)})`,
          );
          expect(rows.map(({ id }) => id)).toEqual(model.get(formatPartition(key)) ?? []);
        }
        const incremental = await catalogRows(bench);
        await refresh(bench, { full: true });
        expect(incremental).toEqual(await catalogRows(bench));
      });
    }),
    { numRuns: 8 },
  );
});
