import type { RecordBatch, Schema } from "apache-arrow";
import type { Column } from "../../schema/columns.ts";
import { type Database, openDatabase } from "../database.ts";
import { quoteText } from "../sql.ts";
import { tooManyBytes, tooManyRows, translateError } from "./sandbox-errors.ts";
import type { SandboxRequest } from "./sandbox-frames.ts";
import { checkStatement } from "./sandbox-statement.ts";

/** A statement at work. */
export interface SandboxRun {
  columns: Column[];
  schema: Schema;
  /** At most the rows and bytes of the limits; more is `too_large`. */
  batches(): AsyncGenerator<RecordBatch>;
  close(): void;
}

/** Says how long the engine has worked; what it is waited for is given to `timed`. */
export interface EngineClock {
  timed<T>(interrupt: () => void, work: () => Promise<T>): Promise<T>;
  readonly expired: boolean;
}

/**
 * Starts one statement on a DuckDB of its own, which sees the catalog's tables by their bare names and nothing else: no
 * file, no network, no extension, no setting. Throws `invalid_sql`, `too_large` (memory), `timeout`.
 */
export async function startSandboxed(request: SandboxRequest, clock: EngineClock): Promise<SandboxRun> {
  const database = await openLocked(request);
  let sent = request.text;
  const timed = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await clock.timed(() => database.connection.interrupt(), work);
    } catch (error) {
      throw translateError(error, request, { expired: clock.expired, asWritten: sent === request.text });
    }
  };
  try {
    const { sql, columns } = await timed(() => checkStatement(database.connection, request.text));
    sent = sql;
    const { arrowSchema } = await import("../arrow/types.ts");
    const schema = arrowSchema(columns);
    const result = await timed(() => database.stream(sql));
    return {
      columns,
      schema,
      batches: async function* () {
        const { chunkToBatches } = await import("../arrow/batches.ts");
        let rowCount = 0;
        let sizeBytes = 0;
        for (;;) {
          const chunk = await timed(() => result.fetchChunk());
          if (chunk === null || chunk.rowCount === 0) return;
          rowCount += chunk.rowCount;
          if (rowCount > request.maxRows) throw tooManyRows(request.maxRows);
          for (const batch of chunkToBatches(chunk, schema)) {
            sizeBytes += batch.data.byteLength;
            if (sizeBytes > request.maxBytes) throw tooManyBytes(request.maxBytes);
            yield batch;
          }
        }
      },
      close: () => database.close(),
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Everything is closed but the catalog, then the lock: the order matters. */
async function openLocked({ catalogPath, scratch, memory, threads }: SandboxRequest): Promise<Database> {
  const database = await openDatabase({ scratch, memory, threads });
  try {
    await database.run(`ATTACH ${quoteText(catalogPath)} AS lake (READ_ONLY)`);
    await database.run("USE lake");
    for (const setting of LOCKED) await database.run(`SET ${setting}`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

const LOCKED = [
  "TimeZone = 'UTC'",
  "errors_as_json = true",
  "temp_directory = ''",
  "max_temp_directory_size = '0KB'",
  "secret_directory = ''",
  "allow_community_extensions = false",
  "enable_external_access = false",
  "lock_configuration = true",
];
