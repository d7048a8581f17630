import type { RecordBatch, Schema } from "apache-arrow";
import type { Column } from "../../schema/columns.ts";
import { type Database, openDatabase } from "../database.ts";
import { attachCatalog } from "./catalog-file.ts";
import { tooManyBytes, tooManyRows, translateError } from "./sandbox-errors.ts";
import type { SandboxRequest } from "./sandbox-frames.ts";
import { checkStatement } from "./sandbox-statement.ts";

/** A statement that has run. */
export interface SandboxRun {
  columns: Column[];
  /** Of the catalog that it was read from. */
  generation: number;
  schema: Schema;
  batches(): Generator<RecordBatch>;
  close(): void;
}

/** Measures the engine's work, which is given to `timed`, and ends it in time. */
export interface EngineClock {
  timed<T>(interrupt: () => void, work: () => Promise<T>): Promise<T>;
  readonly expired: boolean;
}

/**
 * Runs one statement on a DuckDB of its own, which sees the catalog's tables by their bare names and nothing else: no
 * file, no network, no extension, no setting. The whole result stands, within the limits, before any of it is given: the
 * library tells of no error that a result meets while it is streamed. Throws `invalid_sql`, `too_large`, `timeout`.
 */
export async function startSandboxed(request: SandboxRequest, clock: EngineClock): Promise<SandboxRun> {
  const { database, generation } = await openLocked(request);
  const { connection } = database;
  let offsetBytes = 0;
  const timed = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await clock.timed(() => connection.interrupt(), work);
    } catch (error) {
      throw translateError(error, request, { expired: clock.expired, offsetBytes });
    }
  };
  try {
    const checked = await timed(() => checkStatement(connection, request.text, request.maxRows + 1));
    offsetBytes = checked.offsetBytes;
    const { arrowSchema } = await import("../arrow/types.ts");
    const { chunkSizes, chunkToBatches } = await import("../arrow/batches.ts");
    const { columns } = checked;
    const schema = arrowSchema(columns);
    const result = await timed(() => connection.run(checked.sql));
    if (result.rowCount > request.maxRows) throw tooManyRows(request.maxRows);
    let sizeBytes = 0;
    for (let at = 0; at < result.chunkCount; at++) {
      for (const size of chunkSizes(result.getChunk(at), schema)) sizeBytes += size;
      if (sizeBytes > request.maxBytes) throw tooManyBytes(request.maxBytes);
    }
    return {
      columns,
      generation,
      schema,
      batches: function* () {
        for (let at = 0; at < result.chunkCount; at++) yield* chunkToBatches(result.getChunk(at), schema);
      },
      close: () => database.close(),
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Everything is closed but the catalog, then the lock: the order matters. */
async function openLocked({
  catalogPath,
  scratch,
  memory,
  threads,
}: SandboxRequest): Promise<{ database: Database; generation: number }> {
  const database = await openDatabase({ scratch, memory, threads });
  try {
    await attachCatalog(database, catalogPath, "lake");
    await database.run("USE lake");
    const [head] = await database.rows<{ generation: number }>("SELECT generation FROM lake");
    for (const setting of LOCKED) await database.run(`SET ${setting}`);
    return { database, generation: head?.generation ?? 0 };
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
