import { throwIfCancelled } from "../../errors.ts";
import type { Column } from "../../schema/columns.ts";
import { formatPartition } from "../../schema/partition.ts";
import type { Database } from "../database.ts";
import { type DescribedPartition, searchedColumns, uploadedNames } from "../row-plan.ts";
import { quoteName } from "../sql.ts";
import { holdsText } from "../text-leaves.ts";
import { openIndexSink } from "./append.ts";
import { BLOCK_TERMS, MARK_NUMBERS } from "./blocks.ts";
import { collectPostings } from "./postings.ts";
import { insertRanges, type RowRange } from "./ranges.ts";
import { readTexts } from "./text-batches.ts";

/** What is to be indexed in the database that is in use. */
export interface IndexRequest {
  /** Of the table `catalog`. */
  columns: readonly Column[];
  /** Rows that the index does not know yet, ascending. */
  ranges: readonly RowRange[];
  /** What is known of the partitions of these rows, by name. */
  partitions: ReadonlyMap<string, Pick<DescribedPartition, "columns">>;
}

/**
 * Adds rows to the search index: one text column after the other, whose terms get numbers of their own. In one
 * transaction: all or nothing. Throws `cancelled`.
 */
export async function indexRows(
  database: Database,
  { columns, ranges, partitions }: IndexRequest,
  signal: AbortSignal | undefined,
): Promise<void> {
  const reader = await database.connect();
  try {
    const [used] = await database.rows<{ name: string }>("SELECT current_database() AS name");
    await reader.run(`USE ${quoteName(used?.name ?? "memory")}`);
    let firstTerm = await nextTerm(database);
    await database.run("BEGIN");
    const searched = searchedColumns(columns, [...partitions.values()]);
    const uploaded = new Map([...partitions].map(([key, own]) => [key, uploadedNames(own.columns)]));
    for (const column of searched) {
      const { name } = column;
      const sink = await openIndexSink(database, name);
      const within = new Map([...partitions].filter(([key]) => uploaded.get(key)?.has(name)));
      try {
        firstTerm = await collectPostings(textsOf(column, within), sink, firstTerm);
      } finally {
        sink.close();
      }
    }
    await insertRanges(database, ranges);
    await database.run("COMMIT");
  } catch (error) {
    await database.run("ROLLBACK").catch(() => {}); // a failed COMMIT has rolled back already
    throw error;
  } finally {
    reader.close();
  }

  async function* textsOf(column: Column, within: IndexRequest["partitions"]) {
    for (const { start, end, normal } of joinRanges(ranges, within, column.name)) {
      for await (const batch of readTexts(reader, column, { start, end }, normal)) {
        throwIfCancelled(signal);
        yield batch;
      }
    }
  }
}

/** Neighbours that are read alike as one; those of partitions that are not given, or have no value in the column, are left out. */
function* joinRanges(
  ranges: readonly RowRange[],
  partitions: IndexRequest["partitions"],
  column: string,
): Generator<{ start: number; end: number; normal: boolean }> {
  let open: { start: number; end: number; normal: boolean } | undefined;
  for (const range of ranges) {
    const known = partitions.get(formatPartition(range))?.columns.find(({ name }) => name === column);
    if (known === undefined) continue;
    const normal = known.nfc === true || !holdsText(known.type);
    if (open && open.end === range.row_start && open.normal === normal) open.end = range.row_end;
    else {
      if (open) yield open;
      open = { start: range.row_start, end: range.row_end, normal };
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
