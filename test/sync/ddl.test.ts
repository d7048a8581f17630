import { expect, test } from "bun:test";
import fc from "fast-check";
import { athenaDdl, type Ddl, ROW_KEYS, type Table, trinoDdl } from "../../src/sync/ddl.ts";
import { hiveProblems, trinoProblems } from "../engines/grammar.ts";

const NAMES = { names: { catalog: '"hive"', schema: "레이크", table: "catalog" } };

const name = fc.constantFrom("label", "글자", "a b", "select", "x`y", 'x"y', "it's");
const type = fc.constantFrom(
  ...["VARCHAR", "BIGINT", "DOUBLE", "TIMESTAMP", "DECIMAL(20,0)", "VARCHAR[]"],
  'STRUCT("left" INTEGER, b VARCHAR[])[]',
);
const columns = fc.uniqueArray(fc.record({ name, type }), { selector: (one) => one.name, minLength: 1 });
const values = fc.array(fc.constantFrom("aihub", "책_1", "a.b-c"), { minLength: 4, maxLength: 4 });
const partitions = fc.array(
  fc.record({ values, location: fc.constantFrom("s3://b/data/provider=책/b1", "file:///mnt/lake/x") }),
  { minLength: 1, maxLength: 3 },
);

function statementsOf(ddl: Ddl, table: Table, placed: { values: string[]; location: string }[]): string[] {
  return [
    ...ddl.createSchema("s3://b/schema"),
    ...ddl.createTable(table),
    ...ddl.addColumns(table, table.columns),
    ...ddl.addPartitions(table, placed),
    ...ddl.movePartitions(table, placed),
    ...ddl.dropPartitions(
      table,
      placed.map((one) => one.values),
    ),
    ...ddl.dropTable(table),
  ];
}

test("every statement is one of its engine's grammar", () =>
  fc.assert(
    fc.property(columns, partitions, (fields, placed) => {
      const table = { name: "표_1", columns: fields, keys: ROW_KEYS, location: "s3://b/prefix" };
      for (const sql of statementsOf(trinoDdl(NAMES), table, placed))
        expect(trinoProblems(sql), sql).toEqual([]);
      for (const sql of statementsOf(athenaDdl(NAMES), table, placed))
        expect(hiveProblems(sql), sql).toEqual([]);
    }),
    { numRuns: 40 },
  ));

test("partitions are added a hundred at a time, in statements that Athena takes", () => {
  const table = { name: "catalog", columns: [], keys: ROW_KEYS, location: "s3://b" };
  const placed = Array.from({ length: 1001 }, (_, at) => ({
    values: ["책".repeat(40), `d${at}`, "raw", "text"],
    location: `s3://bucket/${"글".repeat(200)}/${at}`,
  }));
  const statements = [...athenaDdl(NAMES).addPartitions(table, placed)];
  expect(statements.join(" ").match(/LOCATION/g)).toHaveLength(1001);
  for (const sql of statements) {
    expect(Buffer.byteLength(sql)).toBeLessThan(262_144);
    expect(sql.match(/LOCATION/g)?.length).toBeLessThanOrEqual(100);
  }
});
