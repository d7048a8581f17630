import { HiveSQL, TrinoSQL } from "dt-sql-parser";

/** What a grammar of Trino's SQL finds wrong with a statement; nothing when it is right. Athena's queries are of it too. */
export function trinoProblems(sql: string): string[] {
  return new TrinoSQL().validate(sql).map(({ message }) => message);
}

/** What a grammar of Hive's SQL, which Athena's DDL is of, finds wrong with a statement. */
export function hiveProblems(sql: string): string[] {
  return new HiveSQL().validate(sql).map(({ message }) => message);
}
