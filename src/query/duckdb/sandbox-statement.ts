import type { DuckDBConnection, DuckDBPreparedStatement } from "@duckdb/node-api";
import { AppError } from "../../errors.ts";
import { plainType } from "../../schema/column-types.ts";
import type { Column } from "../../schema/columns.ts";
import { formatType, parseType, type TypeTree } from "../../schema/type-tree.ts";
import { quoteName } from "../sql.ts";
import { jsonOf } from "./json-text.ts";
import { tooManyColumns } from "./sandbox-errors.ts";

/** DuckDB's numbers of statement types (duckdb.h, duckdb_statement_type). */
const SELECT = 1;
const EXPLAIN = 4;

/** The time that a result of many columns takes grows with the square of their number; here it is 2 s. */
const MAX_COLUMNS = 10_000;

/** A statement that may run: `sql` gives `columns`, in types that Arrow has. */
export interface CheckedStatement {
  sql: string;
  /** Where the given text begins in `sql`, in UTF-8. */
  offsetBytes: number;
  columns: Column[];
}

/**
 * Checks that a text is one statement that only reads: a SELECT, what DuckDB rewrites to one (FROM, VALUES, WITH, SHOW,
 * DESCRIBE, SUMMARIZE), or an EXPLAIN of one. What comes out gives at most `rowLimit` rows. Throws `invalid_sql`,
 * `too_large`, and what DuckDB throws of a statement with faults.
 */
export async function checkStatement(
  connection: DuckDBConnection,
  text: string,
  rowLimit: number,
): Promise<CheckedStatement> {
  const prepared = await prepareOne(connection, text);
  const { statementType } = prepared;
  if (statementType !== SELECT && statementType !== EXPLAIN) {
    throw new AppError("invalid_sql", "only reading is allowed; write one SELECT (or an EXPLAIN of one)");
  }
  if (statementType === EXPLAIN) {
    // EXPLAIN ANALYZE runs what it explains.
    const explained = await prepareOne(connection, withoutExplain(text));
    if (explained.statementType !== SELECT)
      throw new AppError("invalid_sql", "only a SELECT can be explained here");
  }
  await refuseOfTheServer(connection, statementType === EXPLAIN ? withoutExplain(text) : text);
  if (prepared.parameterCount > 0) {
    throw new AppError("invalid_sql", "the statement has parameters; write their values into it");
  }
  if (prepared.columnCount > MAX_COLUMNS) throw tooManyColumns(prepared.columnCount, MAX_COLUMNS);
  const stored = Array.from({ length: prepared.columnCount }, (_, at) => ({
    name: prepared.columnName(at),
    type: normalized(String(prepared.columnType(at))),
  }));
  const columns = distinctNames(stored.map(({ name, type }) => ({ name, type: givenType(type) })));
  if (statementType === EXPLAIN) return { sql: text, offsetBytes: 0, columns };
  const list = columns.map(
    ({ name, type }, at) => `${givenValue(`c${at}`, stored[at]?.type ?? type, type)} AS ${quoteName(name)}`,
  );
  const names = columns.map((_, at) => `c${at}`).join(", ");
  const before = `SELECT ${list.join(", ")} FROM (\n`;
  const sql = await wrap(connection, before, text, `\n) AS q(${names}) LIMIT ${rowLimit}`);
  return { sql, offsetBytes: new TextEncoder().encode(before).byteLength, columns };
}

/**
 * Functions and views that tell of the machine (paths, settings) or change the engine, and those that run a text as a
 * statement, which could name them in ways that nobody can look through.
 */
const OF_THE_SERVER = new Set([
  ...["duckdb_databases", "duckdb_settings", "duckdb_secrets", "duckdb_extensions", "duckdb_temporary_files"],
  ...[
    "duckdb_external_file_cache",
    "duckdb_prepared_statements",
    "duckdb_profiling_settings",
    "duckdb_variables",
  ],
  ...["duckdb_logs", "duckdb_logs_parsed", "duckdb_log_contexts", "truncate_duckdb_logs"],
  ...["pragma_database_list", "pg_settings", "current_setting", "which_secret", "read_duckdb", "seq_scan"],
  ...["query", "query_table", "json_execute_serialized_sql"],
  ...["enable_logging", "disable_logging", "enable_profiling", "disable_profiling", "enable_peg_parser"],
  ...["disable_peg_parser", "checkpoint", "force_checkpoint", "enable_checkpoint_on_shutdown"],
]);

/** Looks for them in DuckDB's own reading of the statement: no comment, quote or name in front of one hides it. */
async function refuseOfTheServer(connection: DuckDBConnection, text: string): Promise<void> {
  const reader = await connection.runAndReadAll("SELECT json_serialize_sql($1::VARCHAR)", [text]);
  const tree = String(reader.value(0, 0));
  if (tree.startsWith('{"error":true')) {
    throw new AppError("invalid_sql", "this kind of statement is not allowed here; write it as a SELECT");
  }
  for (const [, kind, name = ""] of tree.matchAll(/"(function_name|table_name)":"([^"\\]*)"/g)) {
    const isRefused = OF_THE_SERVER.has(name.toLowerCase());
    // Of a view; any other table may have such a name.
    if (!isRefused || (kind === "table_name" && !/^(duckdb|pragma|pg)_/i.test(name))) continue;
    throw new AppError(
      "invalid_sql",
      `${name} is not a table of the lake and cannot be used here; query its tables`,
    );
  }
}

async function prepareOne(connection: DuckDBConnection, text: string): Promise<DuckDBPreparedStatement> {
  if (text.includes("\0"))
    throw new AppError("invalid_sql", "the statement holds a NUL character; remove it");
  if (isBlank(text)) throw new AppError("invalid_sql", "there is no statement; write one SELECT");
  const statements = await connection.extractStatements(text);
  if (statements.count === 1) return statements.prepare(0);
  const pivot = /\bpivot\b/i.test(text) ? "; a PIVOT needs its values named by IN (...)" : "";
  throw new AppError("invalid_sql", `there are ${statements.count} statements; write one SELECT${pivot}`);
}

/** Nothing but blanks, semicolons and comments: DuckDB's API has no words for it. */
function isBlank(text: string): boolean {
  return /^(\s|;|--[^\n]*(\n|$)|\/\*[\s\S]*?\*\/)*$/.test(text);
}

function withoutExplain(text: string): string {
  const rest = text.replace(/^\s*EXPLAIN(\s+ANALYZE\b|\s*\([^()]*\))?/i, "");
  if (rest === text)
    throw new AppError("invalid_sql", "write EXPLAIN first, then one SELECT, without comments before it");
  return rest;
}

/**
 * A statement inside another one. Its closing semicolon, behind which comments may follow, must go: the cut is right
 * where the whole can be parsed, for one inside a text, a name or a comment leaves that open or a semicolon behind.
 */
async function wrap(
  connection: DuckDBConnection,
  before: string,
  text: string,
  behind: string,
): Promise<string> {
  for (let end = text.length; end > 0; end = text.lastIndexOf(";", end - 1)) {
    const sql = `${before}${text.slice(0, end)}${behind}`;
    try {
      const statements = await connection.extractStatements(sql);
      if (statements.count === 1 && (await statements.prepare(0)).statementType === SELECT) return sql;
    } catch {
      // the next semicolon before it
    }
  }
  throw new AppError(
    "invalid_sql",
    "this statement cannot be limited to a number of rows; write it as a SELECT",
  );
}

/** Types whose text is the engine's own display, which nothing reads back, at any depth. */
const AS_JSON = /(^|[ (])(MAP\(|VARIANT\b)/;

/**
 * The type in which a column is given: what Arrow has as it is, the rest as `plainType` stores it, mostly as text. A sum
 * of whole numbers (HUGEINT) stays a number, and a time in nanoseconds keeps them all.
 */
function givenType(type: string): string {
  if (AS_JSON.test(type)) return "VARCHAR";
  return type === "HUGEINT" ? "DECIMAL(38,0)" : normalized(plainType(type, "VARCHAR"));
}

/** SQL of a column in the type in which it is given. */
function givenValue(value: string, type: string, given: string): string {
  if (type === given) return value;
  return `CAST(${AS_JSON.test(type) ? jsonOf(parseType(type), value, "text") : value} AS ${given})`;
}

/** DuckDB's API and its DESCRIBE write a struct's fields differently. */
function normalized(type: string): string {
  const tree: TypeTree = parseType(type);
  return tree.kind === "scalar" ? type : formatType(tree);
}

/** Names as they are, a repeated one with a number behind it. */
function distinctNames(columns: readonly Column[]): Column[] {
  const taken = new Set(columns.map(({ name }) => name));
  const given = new Set<string>();
  return columns.map(({ name, type }) => {
    let distinct = name;
    for (let count = 1; given.has(distinct) || (distinct !== name && taken.has(distinct)); count++) {
      distinct = `${name}_${count}`;
    }
    given.add(distinct);
    return { name: distinct, type };
  });
}
