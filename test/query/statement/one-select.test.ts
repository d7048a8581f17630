import { expect, test } from "bun:test";
import { oneSelect } from "../../../src/query/statement/one-select.ts";

test("takes one statement that reads, without what stands around it", () => {
  const cases: [string, string][] = [
    ["SELECT 1", "SELECT 1"],
    [" select 1 ; -- done", "select 1"],
    [
      "/* a ; b */ WITH t AS (SELECT ';' AS x) SELECT * FROM t;;",
      "WITH t AS (SELECT ';' AS x) SELECT * FROM t",
    ],
    [`SELECT 'it''s; ok', "a;""b" FROM t`, `SELECT 'it''s; ok', "a;""b" FROM t`],
    ["(SELECT 1) UNION (SELECT 2)", "(SELECT 1) UNION (SELECT 2)"],
    ["VALUES 1", "VALUES 1"],
    ["TABLE t", "TABLE t"],
    ["SHOW TABLES", "SHOW TABLES"],
    ["DESCRIBE t", "DESCRIBE t"],
    ["EXPLAIN ANALYZE VERBOSE SELECT 1", "EXPLAIN ANALYZE VERBOSE SELECT 1"],
    ["EXPLAIN (TYPE DISTRIBUTED, FORMAT JSON) SELECT 1", "EXPLAIN (TYPE DISTRIBUTED, FORMAT JSON) SELECT 1"],
    ["EXPLAIN (SELECT 1)", "EXPLAIN (SELECT 1)"],
    ["SELECT 1 -- ; DROP TABLE t", "SELECT 1"],
    ["SELECT '-- no comment' AS x", "SELECT '-- no comment' AS x"],
  ];
  for (const [text, statement] of cases) expect(oneSelect(text)).toBe(statement);
});

test("refuses everything else", () => {
  for (const text of [
    "",
    ";",
    "-- SELECT 1",
    "/* SELECT 1 */",
    "SELECT 1; SELECT 2",
    "SELECT 1;\nDROP TABLE t",
    "SELECT 'a\\'; DROP TABLE t; --'",
    "SELECT 'open",
    'SELECT "open',
    "SELECT 1 /* open",
    "/* */ DROP TABLE t",
    "--\nDROP TABLE t",
    "-- SELECT\rDROP TABLE t",
    "INSERT INTO t SELECT 1",
    "CREATE TABLE t AS SELECT 1",
    "CALL system.kill_query('x')",
    "SET SESSION a = 1",
    "START TRANSACTION",
    "EXECUTE IMMEDIATE 'DROP TABLE t'",
    "PREPARE x FROM SELECT 1",
    "EXPLAIN ANALYZE INSERT INTO t SELECT 1",
    "EXPLAIN (TYPE IO) DELETE FROM t",
    "EXPLAIN",
    "UNLOAD (SELECT 1) TO 's3://x/'",
    "USING EXTERNAL FUNCTION f(x int) RETURNS int LAMBDA 'l' SELECT f(1)",
    "'SELECT' 1",
  ]) {
    expect(() => oneSelect(text), text).toThrow(expect.objectContaining({ code: "invalid_sql" }));
  }
});
