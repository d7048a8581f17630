import type { RecordBatch, Schema } from "apache-arrow";
import { parseSize } from "../../config.ts";
import type { Column } from "../../schema/columns.ts";
import type { QueryStats } from "../../schema/query.ts";
import { type Database, interruptible } from "../database.ts";
import { quoteText } from "../sql.ts";
import { chunksOf, isCutShort } from "../stream-result.ts";

/** What is read of an open catalog. */
export interface Source {
  database: Database;
  columns: readonly Column[];
  schema: Schema;
  stats: QueryStats;
}

/** What a scan may hold of the file at first; more would mostly keep what is not read again. */
const SCAN_MEMORY = "128MB";

/**
 * The memory limits that a read tries in turn on an instance of its own: a low one, then what the instance was opened
 * with.
 */
export async function scanLimits(database: Database, first = SCAN_MEMORY): Promise<string[]> {
  const [setting] = await database.rows<{ memory: string }>(
    "SELECT current_setting('memory_limit') AS memory",
  );
  const allowed = setting?.memory ?? first;
  return parseSize(allowed) > parseSize(first) ? [first, allowed] : [allowed];
}

/**
 * At most `rowLimit` rows of a query as Arrow batches; all of them without: a LIMIT behind an ORDER BY makes the engine
 * filter as it goes, and then it does not use an index. Rows too large for the first of the memory limits (2,048 of them are
 * read at once) are read on from there with the next; without any, the instance's own stays.
 */
export async function* streamBatches(
  { database, schema, stats }: Pick<Source, "database" | "schema" | "stats">,
  limits: string[],
  sql: string,
  rowLimit: number | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<RecordBatch> {
  const { chunkToBatches } = await import("../arrow/batches.ts");
  let given = 0;
  const timed = async <T>(work: () => Promise<T>): Promise<T> => {
    const startedMs = performance.now();
    try {
      return await interruptible(database, signal, work);
    } finally {
      stats.engineMs += performance.now() - startedMs;
    }
  };
  for (;;) {
    try {
      // Said in full: RESET changes what the setting shows, not what holds.
      if (limits[0] !== undefined) await database.run(`SET memory_limit = ${quoteText(limits[0])}`);
      const limit = rowLimit === undefined ? "" : ` LIMIT ${rowLimit - given}`;
      const offset = given === 0 ? "" : ` OFFSET ${given}`;
      const result = await timed(() => database.stream(`${sql}${limit}${offset}`));
      for await (const chunk of chunksOf(result, () => timed(() => result.fetchChunk()))) {
        yield* chunkToBatches(chunk, schema);
        given += chunk.rowCount;
      }
      return;
    } catch (error) {
      const said = error instanceof Error && error.message.startsWith("Out of Memory");
      const outOfMemory = said || isCutShort(error);
      if (!outOfMemory || limits.length < 2) throw error;
      limits.shift();
    }
  }
}
