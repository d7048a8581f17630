import { AppError } from "../errors.ts";
import { formatPartition } from "../schema/partition.ts";
import { MAX_HASHES, type NameLookup } from "../schema/receiving.ts";
import { formatCount, formatQuantity } from "../util/format.ts";
import type { Input, ReaderContext } from "./input.ts";
import { isData, sourceName } from "./local-paths.ts";
import type { ColumnRoles } from "./roles.ts";
import type { UploadCheck, UploadDestination } from "./upload-destination.ts";

interface Deps {
  target: UploadDestination;
  database: ReaderContext["database"];
}

/** Rows that are looked up: of more a sample from all over. */
const MAX_ROWS = MAX_HASHES;

/**
 * Says of an append how many of its rows have the name of a page that the partition has rows of already: who adds a folder
 * that has grown adds those a second time.
 */
export async function heldNotices(
  input: Input,
  roles: ColumnRoles,
  { key, mode }: UploadCheck,
  { target, database }: Deps,
): Promise<string[]> {
  if (mode !== "append") return [];
  const named = await namesOf(input, roles, database);
  if (named === undefined || named.names.length === 0) return [];
  const { column, names } = named;
  // A partition that cannot be read says so when it is added to; what is only told stops nobody.
  const found = await target.heldNames({ key, column, names: [...new Set(names)] }).catch((error) => {
    if (error instanceof AppError && error.code === "cancelled") throw error;
    return [];
  });
  const held = new Set(found);
  const count = names.filter((name) => held.has(name)).length;
  if (count === 0) return [];
  const isSample = input.rowCount > MAX_ROWS;
  const of = isSample
    ? `${formatCount(count)} of ${formatQuantity(names.length, "row")} that were looked up (of ${formatCount(input.rowCount)})`
    : `${formatCount(count)} of ${formatQuantity(input.rowCount, "row")}`;
  const [are, they] = count === 1 ? ["is", "it is"] : ["are", "they are"];
  return [
    `${of} ${are} of pages, by name, of which ${formatPartition(key)} has rows already: if they are the same, ${they} there twice then; give the new ones alone, or use --mode replace with all`,
  ];
}

/** The names by which rows are told apart, as they will be stored; undefined where they have none. */
async function namesOf(
  input: Input,
  { contents, reference }: ColumnRoles,
  database: Deps["database"],
): Promise<Pick<NameLookup, "column" | "names"> | undefined> {
  const source = contents[0]?.source;
  const isReference = reference?.column === "source_name" || reference?.column === "source_stem";
  const expressions = source
    ? [source.name ?? "NULL", source.path ?? "NULL", source.page ?? "NULL"]
    : isReference
      ? [reference.expression, "NULL", "NULL"]
      : undefined;
  if (expressions === undefined) return undefined;
  const cells = expressions.map((one, at) => `CAST(${one} AS VARCHAR) AS c${at}`).join(", ");
  const step = Math.ceil(input.rowCount / MAX_ROWS);
  const rows = await database.rows<{ c0: string | null; c1: string | null; c2: string | null }>(
    `SELECT c0, c1, c2 FROM (SELECT ${cells}, row_number() OVER () - 1 AS place FROM ${await (input.names ?? input.rows)()})
     WHERE place % ${step} = 0`,
  );
  const names = rows.flatMap(({ c0: name, c1: path, c2: page }) => {
    const given = name ?? (path !== null && isData(path) ? null : path);
    if (!given) return [];
    const stored = source ? sourceName(given, input.folder) : given.normalize("NFC");
    return [page === null ? stored : `${stored}#page=${page}`];
  });
  return { column: reference?.column === "source_stem" && !source ? "source_stem" : "source_name", names };
}
