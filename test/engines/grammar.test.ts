import { expect, test } from "bun:test";
import fc from "fast-check";
import * as v from "valibot";
import { type DescribedPartition, planRows } from "../../src/query/row-plan.ts";
import { quoteHiveName } from "../../src/query/sql.ts";
import { renderCounts, renderKnown, renderRows } from "../../src/query/statement/dialect.ts";
import { hiveType } from "../../src/query/statement/hive-types.ts";
import { formatJsonPath, type JsonStep } from "../../src/schema/json-path.ts";
import { type RowQuery, SearchTextSchema } from "../../src/schema/query.ts";
import { hiveProblems, trinoProblems } from "./grammar.ts";

const TABLES = {
  catalog: '"hive"."datalake"."catalog"',
  partitions: '"hive"."datalake"."catalog_partitions"',
};

const TYPES = [
  "VARCHAR",
  "BIGINT",
  "UBIGINT",
  "UINTEGER",
  "FLOAT",
  "DOUBLE",
  "BOOLEAN",
  "TIMESTAMP",
  "DATE",
  "BLOB",
  "DECIMAL(18,3)",
  "VARCHAR[]",
  'STRUCT(a INTEGER, "left" DOUBLE, "이름" VARCHAR[])[]',
];

const Name = fc.constantFrom("label", "이름", "rows", "select", "order", "a_1", 'odd "name"', "semi;colon");
const PartitionName = fc.constantFrom("hf", "책", "007", "a-b.c", "𠀀", "Ａ", "select");
const Needle = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 12 })
  .filter((text) => v.safeParse(SearchTextSchema, text).success);
const Step: fc.Arbitrary<JsonStep> = fc.oneof(
  fc.record({
    key: fc.string({ unit: "grapheme", minLength: 1, maxLength: 6 }).filter((key) => !key.includes("\0")),
  }),
  fc.record({ index: fc.nat(20) }),
  fc.constant({ each: true as const }),
);
const Partition: fc.Arbitrary<DescribedPartition> = fc.record({
  provider: PartitionName,
  dataset: PartitionName,
  task: PartitionName,
  variant: PartitionName,
  rows: fc.constant(10),
  bytes: fc.constant(100),
  features: fc.constant("{}"),
  columns: fc.uniqueArray(
    fc.record({ name: Name, type: fc.constantFrom(...TYPES), nulls: fc.constant(1), nfc: fc.boolean() }),
    { selector: ({ name }) => name, minLength: 1 },
  ),
});

test("every statement for a query for rows is Trino's SQL", () => {
  const Case = fc.record({
    partitions: fc.array(Partition, { minLength: 1, maxLength: 6 }),
    stored: fc.array(fc.constantFrom(...TYPES), { minLength: 8, maxLength: 8 }),
    text: fc.option(Needle, { nil: undefined }),
    steps: fc.option(fc.array(Step, { maxLength: 4 }), { nil: undefined }),
    ignoreCase: fc.boolean(),
    values: fc.array(fc.option(Needle, { nil: "" }), { maxLength: 3 }),
    limit: fc.option(fc.nat(), { nil: undefined }),
  });
  fc.assert(
    fc.property(Case, ({ partitions, stored, text, steps, ignoreCase, values, limit }) => {
      const names = [...new Set(partitions.flatMap(({ columns }) => columns.map(({ name }) => name)))];
      const table = [
        ...["provider", "dataset", "task", "variant", "upload_id"].map((name) => ({ name, type: "VARCHAR" })),
        ...["width", "height"].map((name) => ({ name, type: "INTEGER" })),
        ...names.map((name, at) => ({ name, type: stored[at] ?? "VARCHAR" })),
      ];
      const selection = { providers: [partitions[0]?.provider ?? ""] };
      // A path needs a column of text.
      const column = planRows(partitions, table, selection).columns.find(
        ({ name, type }) => names.includes(name) && type === "VARCHAR",
      )?.name;
      const query: RowQuery = {
        ...selection,
        ...(text !== undefined && { text, ignore_case: ignoreCase }),
        where: [
          "width=10..20",
          "image.pixels=..5",
          ...values.map((value) => `${column ?? "dataset"}=${value}`),
        ],
        ...(steps !== undefined && column !== undefined && { column, json_path: formatJsonPath(steps) }),
      };
      const plan = planRows(partitions, table, query);
      const request = {
        plan,
        selection: query,
        partitions: plan.partitions,
        columns: plan.columns,
        stored: new Map(table.map(({ name, type }) => [name, type])),
        rowLimit: limit,
      };
      const statements = [
        renderKnown(TABLES, query),
        renderCounts(TABLES, plan, query),
        renderRows(TABLES, request),
      ];
      for (const sql of statements) expect([sql, trinoProblems(sql)]).toEqual([sql, []]);
    }),
    { numRuns: 20 },
  );
}, 120_000);

test("every column's type is Hive's DDL", () => {
  const columns = TYPES.map((type, at) => `${quoteHiveName(`열 ${at}`)} ${hiveType(type)}`);
  const sql = `CREATE EXTERNAL TABLE ${quoteHiveName("catalog")} (${columns.join(", ")}) PARTITIONED BY (${quoteHiveName("provider")} string) STORED AS PARQUET LOCATION 's3://bucket/rows/'`;
  expect([sql, hiveProblems(sql)]).toEqual([sql, []]);
});

test("the grammars see what is wrong", () => {
  expect(trinoProblems("SELECT FROM WHERE")).not.toEqual([]);
  expect(hiveProblems("CREATE EXTERNAL TABLE (a strin) STORED")).not.toEqual([]);
});
