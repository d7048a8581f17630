import { expect, test } from "bun:test";
import fc from "fast-check";
import { commonType, earlierType, meetExactly, plainType } from "../../src/schema/column-types.ts";
import { mergeColumns } from "../../src/schema/merge-columns.ts";
import { formatType, parseType } from "../../src/schema/type-tree.ts";

test("numbers widen, dates meet timestamps, text meets text only", () => {
  const meetings: [string, string, string | undefined][] = [
    ["INTEGER", "BIGINT", "BIGINT"],
    ["INTEGER", "UINTEGER", "BIGINT"],
    ["UTINYINT", "USMALLINT", "USMALLINT"],
    ["UBIGINT", "BIGINT", "DECIMAL(20,0)"],
    ["BIGINT", "DOUBLE", "DOUBLE"],
    ["INTEGER", "FLOAT", "DOUBLE"],
    ["SMALLINT", "FLOAT", "FLOAT"],
    ["DECIMAL(10,2)", "BIGINT", "DECIMAL(21,2)"],
    ["DECIMAL(38,10)", "DECIMAL(38,0)", "DOUBLE"],
    ["DATE", "TIMESTAMP", "TIMESTAMP"],
    ["VARCHAR", "BIGINT", undefined],
    ["BOOLEAN", "INTEGER", undefined],
    ["VARCHAR[]", "VARCHAR", undefined],
    ['"NULL"', "VARCHAR[]", "VARCHAR[]"],
    ["INTEGER[3]", "BIGINT[]", "BIGINT[]"],
    ["STRUCT(a INTEGER)", 'STRUCT("b c" DATE, a BIGINT)', 'STRUCT(a BIGINT, "b c" DATE)'],
    ["STRUCT(a INTEGER)", "STRUCT(a VARCHAR)", undefined],
    ["STRUCT(a INTEGER)[]", "STRUCT(A INTEGER, b DATE)[]", undefined],
  ];
  for (const [a, b, common] of meetings) {
    expect(commonType(a, b), `${a} and ${b}`).toBe(common);
    if (!a.startsWith("STRUCT")) expect(commonType(b, a), `${b} and ${a}`).toBe(common);
  }
});

test("types meet exactly where their common type holds every value of both", () => {
  const meetings: [string, string, boolean][] = [
    ["BIGINT", "DOUBLE", false],
    ["INTEGER", "DOUBLE", true],
    ["UBIGINT", "BIGINT", true],
    ["UBIGINT", "DOUBLE", false],
    ["DECIMAL(4,2)", "DOUBLE", false],
    ["DECIMAL(38,10)", "DECIMAL(38,0)", false],
    ["DECIMAL(38,0)", "BIGINT", true],
    ["DECIMAL(30,2)[]", "BIGINT[]", true],
    ["BIGINT[]", "DOUBLE[]", false],
  ];
  for (const [a, b, exact] of meetings) {
    expect([a, b, meetExactly(a, b)]).toEqual([a, b, exact]);
    expect([b, a, meetExactly(b, a)]).toEqual([b, a, exact]);
  }
  expect(["UBIGINT[]", "DECIMAL(15,2)", "DECIMAL(16,2)", "BIGINT"].map(earlierType)).toEqual([
    "VARCHAR[]",
    "DOUBLE",
    "VARCHAR",
    undefined,
  ]);
});

test("plain types: text for what is like text, UTC timestamps, lists", () => {
  expect(plainType("JSON")).toBe("VARCHAR");
  expect(plainType("ENUM('a', 'b,''c')[]")).toBe("VARCHAR[]");
  expect(plainType(`STRUCT(a UUID, "d""e" TIMESTAMP WITH TIME ZONE)[2]`)).toBe(
    `STRUCT(a VARCHAR, "d""e" TIMESTAMP)[]`,
  );
  expect(plainType("MAP(VARCHAR, STRUCT(a INTEGER))")).toBe("VARCHAR");
  expect(plainType("HUGEINT")).toBe("VARCHAR");
});

const typeName = fc.letrec<{ type: string }>((tie) => ({
  type: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(
      "VARCHAR",
      "BIGINT",
      "UTINYINT",
      "FLOAT",
      "DECIMAL(9,3)",
      "DATE",
      "TIMESTAMP",
      "BOOLEAN",
      "BLOB",
    ),
    tie("type").map((element) => `${element}[]`),
    fc
      .uniqueArray(fc.tuple(fc.constantFrom("a", "b c", 'q"', "쪽", "select"), tie("type")), {
        selector: ([name]) => name,
        minLength: 1,
        maxLength: 3,
      })
      .map((fields) =>
        formatType({
          kind: "struct",
          fields: fields.map(([name, type]) => ({ name, type: parseType(type) })),
        }),
      ),
  ),
})).type;

test("a type is parsed and written back, and meets itself and what it met", () => {
  fc.assert(
    fc.property(typeName, typeName, (a, b) => {
      expect(formatType(parseType(a))).toBe(a);
      expect(commonType(a, a)).toBe(a);
      const common = commonType(a, b);
      if (common === undefined) return;
      expect(commonType(common, a)).toBe(common);
      expect(commonType(common, b)).toBe(common);
    }),
  );
});

test("merged columns: common types, text where they cannot meet, absent counted as NULL", () => {
  const merged = mergeColumns([
    {
      rows: 2,
      columns: [
        { name: "n", type: "INTEGER", nulls: 1 },
        { name: "empty", type: "INTEGER", nulls: 2 },
      ],
    },
    {
      rows: 3,
      columns: [
        { name: "n", type: "DOUBLE", nulls: 0 },
        { name: "empty", type: "VARCHAR[]", nulls: 0 },
      ],
    },
    { rows: 1, columns: [{ name: "late", type: "DATE", nulls: 0 }] },
    { rows: 1, columns: [{ name: "late", type: "BOOLEAN", nulls: 0 }] },
  ]);
  const lists = (...types: string[]) =>
    mergeColumns(types.map((type) => ({ rows: 1, columns: [{ name: "l", type, nulls: 0 }] })))[0]?.type;
  for (const [a, b, met] of [
    ["VARCHAR[]", "BIGINT[]", "VARCHAR[]"],
    ["BIGINT[]", "DOUBLE[]", "VARCHAR[]"],
    ["INTEGER[]", "DOUBLE[]", "DOUBLE[]"],
    ["VARCHAR[]", "BIGINT[][]", "VARCHAR"],
    ["VARCHAR[]", "VARCHAR", "VARCHAR"],
    ["VARCHAR[]", "STRUCT(a BIGINT)[]", "VARCHAR"],
  ] as const)
    expect([a, b, lists(a, b), lists(b, a)]).toEqual([a, b, met, met]);
  expect(merged).toEqual([
    { name: "n", type: "DOUBLE", nulls: 3 },
    { name: "empty", type: "VARCHAR[]", nulls: 4 },
    { name: "late", type: "VARCHAR", nulls: 5 },
  ]);
});

test("a field may have any word of SQL as its name", async () => {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  const words = await connection.runAndReadAll("SELECT keyword_name FROM duckdb_keywords()");
  const fields = words.getRows().map(([name]) => ({ name: String(name), type: parseType("INTEGER") }));
  await connection.run(`SELECT CAST(NULL AS ${formatType({ kind: "struct", fields })})`);
  expect(fields.length).toBeGreaterThan(400);
  connection.closeSync();
});
