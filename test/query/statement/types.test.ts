import { expect, test } from "bun:test";
import { hiveType } from "../../../src/query/statement/hive-types.ts";
import { duckdbType, trinoType } from "../../../src/query/statement/types.ts";

test("every plain type has one in Trino and in Hive, and comes back from Trino", () => {
  const cases: [duckdb: string, trino: string, hive: string, back?: string][] = [
    ["VARCHAR", "varchar", "string"],
    ["BOOLEAN", "boolean", "boolean"],
    ["TINYINT", "tinyint", "tinyint"],
    ["SMALLINT", "smallint", "smallint"],
    ["INTEGER", "integer", "int"],
    ["BIGINT", "bigint", "bigint"],
    ["UTINYINT", "smallint", "smallint", "SMALLINT"],
    ["USMALLINT", "integer", "int", "INTEGER"],
    ["UINTEGER", "bigint", "bigint", "BIGINT"],
    ["UBIGINT", "decimal(20,0)", "decimal(20,0)", "DECIMAL(20,0)"],
    ["FLOAT", "real", "float"],
    ["DOUBLE", "double", "double"],
    ["BLOB", "varbinary", "binary"],
    ["DATE", "date", "date"],
    ["TIMESTAMP", "timestamp(6)", "timestamp"],
    ["DECIMAL(18,3)", "decimal(18,3)", "decimal(18,3)"],
    ["VARCHAR[][]", "array(array(varchar))", "array<array<string>>"],
    [
      'STRUCT("a b" INTEGER, c DATE[], "left" DECIMAL(3,1))[]',
      'array(row("a b" integer, "c" array(date), "left" decimal(3,1)))',
      "array<struct<`a b`:int,`c`:array<date>,`left`:decimal(3,1)>>",
    ],
    ['STRUCT("q"")x(" INTEGER)', 'row("q"")x(" integer)', 'struct<`q")x(`:int>'],
    ["UUID", "varchar", "string", "VARCHAR"],
  ];
  for (const [duckdb, trino, hive, back = duckdb] of cases) {
    expect([duckdb, trinoType(duckdb), hiveType(duckdb)]).toEqual([duckdb, trino, hive]);
    expect([trino, duckdbType(trino)]).toEqual([trino, back]);
  }
});

test("types that only Trino has are read as text, whole", () => {
  const cases: [string, string][] = [
    ["varchar(10)", "VARCHAR"],
    ["char(3)", "VARCHAR"],
    ["timestamp(3)", "TIMESTAMP"],
    ["timestamp(9)", "VARCHAR"],
    ["timestamp(3) with time zone", "VARCHAR"],
    ["time(3)", "VARCHAR"],
    ["json", "VARCHAR"],
    ["map(varchar, bigint)", "VARCHAR"],
    ["interval day to second", "VARCHAR"],
    ["decimal(38,0)", "DECIMAL(38,0)"],
    ["row(integer, varchar)", "STRUCT(field0 INTEGER, field1 VARCHAR)"],
    ["row(a integer, b map(varchar, bigint))", "STRUCT(a INTEGER, b VARCHAR)"],
  ];
  for (const [trino, duckdb] of cases) expect([trino, duckdbType(trino)]).toEqual([trino, duckdb]);
});
