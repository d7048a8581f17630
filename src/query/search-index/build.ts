import { throwIfCancelled } from "../../errors.ts";
import type { Database } from "../database.ts";
import { type HousedPartition, layoutOf } from "../duckdb/homes.ts";
import { searchedColumns } from "../row-plan.ts";
import { quoteName } from "../sql.ts";
import { holdsText } from "../text-leaves.ts";
import { openIndexSink } from "./append.ts";
import { BLOCK_TERMS, MARK_NUMBERS } from "./blocks.ts";
import { collectPostings } from "./postings.ts";
import { insertRanges, type RowRange } from "./ranges.ts";
import { readTexts } from "./text-batches.ts";

/** What is to be indexed in the database that is in use. */
export interface IndexRequest {
  /** Rows that the index does not know yet, ascending. */
  ranges: readonly RowRange[];
  /** The catalog's, by their number. */
  partitions: ReadonlyMap<number, HousedPartition>;
}

/**
 * Adds rows to the search index: one text column after the other, whose terms get numbers of their own. In one
 * transaction: all or nothing. Throws `cancelled`.
 */
export async function indexRows(
  database: Database,
  { ranges, partitions }: IndexRequest,
  signal: AbortSignal | undefined,
): Promise<void> {
  // Each column costs a vocabulary: none for those that have no new rows.
  const touched = new Map(
    Array.from(new Set(ranges.map(({ part }) => part))).flatMap((part) => {
      const partition = partitions.get(part);
      return partition ? [[part, partition] as const] : [];
    }),
  );
  const reader = await database.connect();
  try {
    const [used] = await database.rows<{ name: string }>("SELECT current_database() AS name");
    await reader.run(`USE ${quoteName(used?.name ?? "memory")}`);
    let firstTerm = await nextTerm(database);
    await database.run("BEGIN");
    for (const [name, within] of searchedIn(touched)) {
      const sink = await openIndexSink(database, name);
      try {
        firstTerm = await collectPostings(textsOf(name, within), sink, firstTerm);
      } finally {
        sink.close();
      }
    }
    await insertRanges(database, "index_ranges", ranges);
    await database.run("COMMIT");
  } catch (error) {
    await database.run("ROLLBACK").catch(() => {}); // a failed COMMIT has rolled back already
    throw error;
  } finally {
    reader.close();
  }

  async function* textsOf(name: string, within: IndexRequest["partitions"]) {
    for (const { group, type, start, end, normal } of joinRanges(ranges, within, name)) {
      for await (const batch of readTexts(reader, group, { name, type }, { start, end }, normal)) {
        throwIfCancelled(signal);
        yield batch;
      }
    }
  }
}

/** The columns that are searched, each with the partitions in which it is: their rows' own text, or a file's name. */
function searchedIn(partitions: IndexRequest["partitions"]): Map<string, Map<number, HousedPartition>> {
  const columns = new Map<string, Map<number, HousedPartition>>();
  for (const [part, partition] of partitions) {
    for (const { name } of searchedColumns(partition.columns, [partition])) {
      const within = columns.get(name) ?? new Map<number, HousedPartition>();
      columns.set(name, within);
      within.set(part, partition);
    }
  }
  return columns;
}

/** Rows that one query reads. */
interface Run {
  group: HousedPartition[];
  layout: string;
  type: string;
  start: number;
  end: number;
  normal: boolean;
}

/** Neighbours that are read alike as one; those of partitions that are not given are left out. */
function* joinRanges(
  ranges: readonly RowRange[],
  partitions: IndexRequest["partitions"],
  column: string,
): Generator<Run> {
  let open: Run | undefined;
  for (const { part, row_start: start, row_end: end } of ranges) {
    const partition = partitions.get(part);
    const known = partition?.columns.find(({ name }) => name === column);
    if (partition === undefined || known === undefined) continue;
    const normal = known.nfc === true || !holdsText(known.type);
    const layout = layoutOf(partition);
    if (open && open.end === start && open.normal === normal && open.layout === layout) {
      open.end = end;
      open.group.push(partition);
    } else {
      if (open) yield open;
      open = { group: [partition], layout, type: known.type, start, end, normal };
    }
  }
  if (open) yield open;
}

/** The first number of a block behind those of all terms. */
async function nextTerm(database: Database): Promise<number> {
  const [row] = await database.rows<{ next: number }>(
    `SELECT first + greatest(0, len(string_split(tokens, chr(10))) - 2) AS next FROM index_terms
     WHERE first = (SELECT max(first) FROM index_terms)`,
  );
  if (row === undefined) return 0;
  return Math.ceil((row.next + MARK_NUMBERS) / BLOCK_TERMS) * BLOCK_TERMS;
}
