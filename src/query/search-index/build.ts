import { throwIfCancelled } from "../../errors.ts";
import type { Database } from "../database.ts";
import type { HousedPartition } from "../duckdb/homes.ts";
import { quoteName } from "../sql.ts";
import { openIndexSink } from "./append.ts";
import { BLOCK_TERMS, MARK_NUMBERS } from "./blocks.ts";
import { planColumns, type Run } from "./columns.ts";
import { collectPostings } from "./postings.ts";
import { insertRanges, type RowRange } from "./ranges.ts";
import { readTexts } from "./text-batches.ts";
import { openUnpacking, type Unpacking } from "./unpack.ts";

/** What is to be indexed in the database that is in use. */
export interface IndexRequest {
  /** Rows that the index does not know yet, ascending. */
  ranges: readonly RowRange[];
  /** What is searched in them, ascending. */
  columns: ReadonlyMap<string, readonly Run[]>;
}

/** What is to be indexed of these ranges out of the tables of their rows; `partitions` are the catalog's, by their number. */
export function planIndex(
  ranges: readonly RowRange[],
  partitions: ReadonlyMap<number, HousedPartition>,
): IndexRequest {
  return { ranges, columns: planColumns(ranges, partitions) };
}

/**
 * Adds rows to the search index: one text column after the other, whose terms get numbers of their own. In one
 * transaction: all or nothing. Throws `cancelled`.
 */
export async function indexRows(
  database: Database,
  { ranges, columns }: IndexRequest,
  signal: AbortSignal | undefined,
): Promise<void> {
  const reader = await database.connect();
  try {
    const [used] = await database.rows<{ name: string }>("SELECT current_database() AS name");
    await reader.run(`USE ${quoteName(used?.name ?? "memory")}`);
    const unpacking = openUnpacking(reader);
    let firstTerm = await nextTerm(database);
    await database.run("BEGIN");
    const sink = await openIndexSink(database);
    try {
      // Each column costs a vocabulary: none for those that have no new rows.
      for (const [name, runs] of columns) {
        firstTerm = await collectPostings(textsOf(name, runs, unpacking), sink.ofColumn(name), firstTerm);
      }
    } finally {
      sink.close();
    }
    await unpacking.close();
    await insertRanges(database, "index_ranges", ranges);
    await database.run("COMMIT");
  } catch (error) {
    await database.run("ROLLBACK").catch(() => {}); // a failed COMMIT has rolled back already
    throw error;
  } finally {
    reader.close();
  }

  async function* textsOf(name: string, runs: readonly Run[], unpacking: Unpacking) {
    for (const run of runs) {
      const table = run.source ?? (await unpacking.tableOf(run, name));
      for await (const batch of readTexts(reader, run, name, table)) {
        throwIfCancelled(signal);
        yield batch;
      }
    }
  }
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
