import { mkdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError } from "../errors.ts";
import { quoteList, quoteName, quoteText } from "../query/sql.ts";
import { checkColumnCount } from "./column-limit.ts";
import type { Input, ReaderContext, SourceColumn } from "./input.ts";
import { hasDeepLine } from "./json-nesting.ts";

/** The longest line that is read; DuckDB holds a few of them. */
const MAX_LINE_BYTES = 32 << 20;
const REJECT_COLUMN = "__reject";
/** What reads JSON calls itself for each level; no label has so many. */
const MAX_LEVELS = 100;
const FEW_LEVELS = 10;
const MAX_DEEP_CHARS = 1 << 16;

/**
 * Opens JSON Lines files as one input. Keys of any row are columns, in the order in which they first appear. Strings,
 * numbers, booleans and lists of them keep their type where all rows agree; objects, lists of objects and mixed values
 * become JSON text with keys in their order. A line that is no JSON object is a rejected row. Blank lines do not count.
 */
export async function openJsonLines(files: readonly string[], context: ReaderContext): Promise<Input> {
  const { database, scratch } = context;
  const [first] = files;
  if (first === undefined) throw new AppError("invalid_input", "no JSON Lines file was given");
  await mkdir(scratch, { recursive: true });
  const lines = join(scratch, "lines.parquet");
  const rows = join(scratch, "rows.parquet");
  // Which line it is takes many looks at each: only where there is one.
  const areDeep = await Promise.all(files.map((file) => hasDeepLine(file, MAX_LEVELS, context.signal))).catch(
    (cause) => {
      context.signal?.throwIfAborted();
      throw new AppError("invalid_input", `${first} cannot be read as JSON Lines; check that it is whole`, {
        cause,
      });
    },
  );
  const isDeep = areDeep.includes(true) ? `coalesce(${isDeeper("CAST(json AS VARCHAR)")}, false)` : "false";
  await database
    .run(
      `COPY (SELECT CASE WHEN NOT deep THEN json END AS json, CASE WHEN json IS NULL THEN 'the line is not JSON'
        WHEN NOT starts_with(ltrim(CAST(json AS VARCHAR)), '{') THEN 'the line is no JSON object'
        WHEN deep THEN 'the line is JSON that is nested too deeply, by more than ${MAX_LEVELS} levels' END AS ${REJECT_COLUMN}
      FROM (SELECT json, ${isDeep} AS deep
        FROM read_ndjson_objects(${quoteList(files)}, ignore_errors = true, maximum_object_size = ${MAX_LINE_BYTES})))
      TO ${quoteText(lines)} (FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE 8192)`,
    )
    .catch((cause) => {
      const why = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : "";
      throw new AppError("invalid_input", `${first} cannot be read as JSON Lines: ${why}`, {
        details: { path: first },
        cause,
      });
    });
  const keys = await inferKeys(context, first, lines);
  const selects = keys.map((key, at) => `${key.read(`cells[${at + 1}]`)} AS ${quoteName(key.name)}`);
  await database.run(
    `COPY (SELECT ${[...selects, REJECT_COLUMN].join(", ")} FROM
      (SELECT ${extractAll(keys.map(({ name }) => name))} AS cells, ${REJECT_COLUMN} FROM read_parquet(${quoteText(lines)})))
    TO ${quoteText(rows)} (FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE 8192)`,
  );
  const [count] = await database.rows<{ n: number }>(
    `SELECT count(*) AS n FROM read_parquet(${quoteText(rows)})`,
  );
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  const relation = `read_parquet(${quoteText(rows)})`;
  return {
    format: "jsonl",
    path: first,
    folder: dirname(first),
    sizeBytes: sizes.reduce((total, size) => total + size, 0),
    fileCount: files.length,
    rowCount: count?.n ?? 0,
    columns: keys.map(({ name, type }): SourceColumn => ({ name, type })),
    features: {},
    rejects: REJECT_COLUMN,
    notices: [],
    rows: async () => relation,
    async *embedded() {},
  };
}

/**
 * SQL that says whether a JSON text has more levels: of its brackets alone each step takes the innermost. What has that
 * much left below the tenth level counts as well, so that the steps are short.
 */
function isDeeper(json: string): string {
  const opened = `length(${json}) - length(replace(replace(${json}, '[', ''), '{', ''))`;
  const withoutTexts = `regexp_replace(${json}, '"(?:[^"\\\\]|\\\\.)*"', '', 'g')`;
  const brackets = `regexp_replace(${withoutTexts}, '[^\\[\\]{}]+', '', 'g')`;
  const deep = withoutLevels(brackets, FEW_LEVELS);
  return `CASE WHEN ${opened} <= ${MAX_LEVELS} THEN false WHEN length(${deep}) > ${MAX_DEEP_CHARS} THEN true
    ELSE ${withoutLevels(deep, MAX_LEVELS - FEW_LEVELS)} <> '' END`;
}

function withoutLevels(brackets: string, count: number): string {
  let rest = brackets;
  for (let level = 0; level < count; level++) rest = `replace(replace(${rest}, '[]', ''), '{}', '')`;
  return rest;
}

interface Key {
  name: string;
  type: string;
  /** SQL that makes the value of this type from one JSON cell. */
  read: (cell: string) => string;
}

/** The keys of all rows with the one type that fits all their values; every row is looked at, in two passes. */
async function inferKeys({ database }: ReaderContext, path: string, lines: string): Promise<Key[]> {
  const scan = `read_parquet(${quoteText(lines)}, file_row_number = true) WHERE ${REJECT_COLUMN} IS NULL`;
  const keys = await database.rows<{ key: string }>(
    `SELECT key FROM (SELECT unnest(keys) AS key, file_row_number * 65536 + generate_subscripts(keys, 1) AS place
      FROM (SELECT json_keys(json) AS keys, file_row_number FROM ${scan})) GROUP BY key ORDER BY min(place)`,
  );
  checkColumnCount(path, keys.length);
  const found: Key[] = [];
  for (let from = 0; from < keys.length; from += KEYS_AT_ONCE) {
    const some = keys.slice(from, from + KEYS_AT_ONCE).map(({ key }) => key);
    const kinds = some.map((_, at) => `map_keys(histogram(${kindOf(`cells[${at + 1}]`)})) AS k${at}`);
    const [row] = await database.rows<Record<string, (string | null)[]>>(
      `SELECT ${kinds.join(", ")} FROM (SELECT ${extractAll(some)} AS cells FROM ${scan})`,
    );
    for (const [at, key] of some.entries()) {
      const present = (row?.[`k${at}`] ?? []).filter((kind) => kind !== null && kind !== "NULL");
      found.push(describeKey(key, present as string[]));
    }
  }
  return found;
}

const KEYS_AT_ONCE = 200;

/** One parse of a row for all its cells. */
function extractAll(keys: readonly string[]): string {
  return `json_extract(json, [${keys.map((key) => quoteText(keyPath(key))).join(", ")}]::VARCHAR[])`;
}

/** What a cell holds, in DuckDB's words; of a list its structure, unless objects are in it. */
function kindOf(cell: string): string {
  return `CASE WHEN json_type(${cell}) <> 'ARRAY' THEN json_type(${cell})
    WHEN contains(CAST(${cell} AS VARCHAR), '{') THEN 'OBJECT' ELSE CAST(json_structure(${cell}) AS VARCHAR) END`;
}

const INTEGER_KINDS = ["BIGINT", "UBIGINT"];

function describeKey(name: string, kinds: readonly string[]): Key {
  const all = (allowed: readonly string[]) => kinds.every((kind) => allowed.includes(kind));
  const typed = (type: string): Key => ({ name, type, read: (cell) => `CAST(${cell} AS ${type})` });
  if (kinds.length === 0) return { name, type: "NULL", read: () => "NULL::VARCHAR" };
  if (all(["VARCHAR"])) return { name, type: "VARCHAR", read: (cell) => `${cell} ->> '$'` };
  if (all(["BOOLEAN"])) return typed("BOOLEAN");
  if (all(INTEGER_KINDS)) return typed(kinds.includes("UBIGINT") ? "HUGEINT" : "BIGINT");
  if (all([...INTEGER_KINDS, "DOUBLE"])) return typed("DOUBLE");
  const list = listType(kinds);
  if (list !== undefined) return typed(list);
  const text = (cell: string) => `CASE WHEN json_type(${cell}) <> 'NULL' THEN CAST(${cell} AS VARCHAR) END`;
  return { name, type: "VARCHAR", read: text };
}

/** The list type of structures such as `["BIGINT"]` and `[["DOUBLE"]]` when they agree in depth and kind. */
function listType(kinds: readonly string[]): string | undefined {
  let depth = 0;
  const scalars = new Set<string>();
  for (const kind of kinds) {
    const match = /^(\[+)"(NULL|VARCHAR|BOOLEAN|BIGINT|UBIGINT|DOUBLE)"\]+$/.exec(kind);
    if (!match) return undefined;
    const [, brackets = "", scalar = ""] = match;
    if (scalar === "NULL") {
      if (depth !== 0 && brackets.length > depth) return undefined;
      continue;
    }
    if (depth !== 0 && brackets.length !== depth) return undefined;
    depth = brackets.length;
    scalars.add(scalar);
  }
  if (depth === 0) return undefined;
  const numbers = Array.from(scalars).every((scalar) => [...INTEGER_KINDS, "DOUBLE"].includes(scalar));
  const scalar = scalars.size === 1 ? Array.from(scalars)[0] : numbers ? "DOUBLE" : undefined;
  if (scalar === undefined) return undefined;
  return (scalar === "UBIGINT" ? "BIGINT" : scalar) + "[]".repeat(depth);
}

/** As a JSON pointer: whatever stands in the key means itself. */
function keyPath(key: string): string {
  return `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
