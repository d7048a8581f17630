import type { RecordBatch } from "apache-arrow";
import { AppError, throwIfCancelled } from "../../errors.ts";
import type { QueryStats } from "../../schema/query.ts";
import { quoteName } from "../sql.ts";
import { pageToBatches } from "../statement/rows.ts";
import type { StatementRunner } from "../statement/statements.ts";
import { failureOf } from "./errors.ts";
import {
  createTrinoHttp,
  type HttpEffects,
  type TrinoAddress,
  type TrinoHttp,
  type TrinoPage,
} from "./http.ts";
import { plainReader } from "./plain.ts";

export interface TrinoOptions extends TrinoAddress {
  /** Of the rows; the partition table is `<table>_partitions`. */
  table: string;
}

/** Runs statements at a Trino server over HTTP. */
export function createTrinoRunner(options: TrinoOptions, effects?: HttpEffects): StatementRunner {
  const http = createTrinoHttp(options, effects);
  const { catalog, schema, table } = options;
  const qualify = (name: string) => [catalog, schema, name].map(quoteName).join(".");
  const running = new Set<PageReader>();
  // Otherwise the hive connector truncates timestamps to milliseconds; other connectors lack the property.
  let session: Record<string, string> = { [`${catalog}.timestamp_precision`]: "MICROSECONDS" };

  const start = async (sql: string, signal: AbortSignal | undefined): Promise<PageReader> => {
    for (;;) {
      const reader = createPageReader(http, sql, session, signal, () => running.delete(reader));
      running.add(reader);
      try {
        await reader.start();
        return reader;
      } catch (error) {
        const unknown = error instanceof AppError && error.details?.error === "INVALID_SESSION_PROPERTY";
        if (!unknown || Object.keys(session).length === 0) throw error;
        session = {};
      }
    }
  };

  return {
    name: "trino",
    tables: { catalog: qualify(table), partitions: qualify(`${table}_partitions`) },
    names: { catalog: quoteName(catalog), schema, table },
    run: async (sql, { signal } = {}) => {
      const reader = await start(sql, signal);
      const read = plainReader(reader.columns.map(({ type }) => type));
      const rows = async function* () {
        for await (const page of reader.pages()) for (const row of page) yield read(row);
      };
      return { columns: reader.columns, rows: rows(), stats: reader.stats };
    },
    select: async (sql, columns, { signal } = {}) => {
      const { arrowSchema } = await import("../arrow/types.ts");
      const arrow = arrowSchema(columns);
      const reader = await start(sql, signal);
      const batches = async function* (): AsyncGenerator<RecordBatch> {
        for await (const page of reader.pages()) yield* await pageToBatches(arrow, page);
      };
      return { columns: [...columns], schema: arrow, batches: batches(), stats: reader.stats };
    },
    close: () => {
      for (const reader of running) reader.stop();
    },
  };
}

/** A query at the server, read page by page. */
interface PageReader {
  /** Known after `start`. */
  columns: { name: string; type: string }[];
  stats: QueryStats;
  /** Waits until the columns are known; throws errors of the statement. */
  start(): Promise<void>;
  /** Rows as JSON values; ending the iteration stops the query. */
  pages(): AsyncGenerator<unknown[][]>;
  stop(): void;
}

function createPageReader(
  http: TrinoHttp,
  sql: string,
  session: Record<string, string>,
  signal: AbortSignal | undefined,
  onEnd: () => void,
): PageReader {
  const stats: QueryStats = { engineMs: 0 };
  let page: TrinoPage | undefined;
  const stopper = new AbortController();
  const either = signal === undefined ? stopper.signal : AbortSignal.any([signal, stopper.signal]);
  const end = () => {
    // Not awaited, so that cancelling is immediate.
    if (page?.nextUri !== undefined) void http.cancel(page.nextUri);
    page = undefined;
    onEnd();
  };
  /** Fetches the next page, or throws the query's failure; the query has then ended. */
  const advance = async (): Promise<TrinoPage> => {
    try {
      throwIfCancelled(either);
      const next =
        page === undefined
          ? await http.submit(sql, session, either)
          : await http.follow(page.nextUri ?? "", either);
      page = next;
      stats.engineMs = next.stats?.elapsedTimeMillis ?? stats.engineMs;
      if (next.stats?.physicalInputBytes !== undefined) stats.scannedBytes = next.stats.physicalInputBytes;
      if (next.error) throw failureOf(next.error, next.id);
      return next;
    } catch (error) {
      end();
      throw error;
    }
  };
  const reader: PageReader = {
    columns: [],
    stats,
    start: async () => {
      let current = await advance();
      while (current.columns === undefined && current.nextUri !== undefined) current = await advance();
      reader.columns = current.columns ?? [];
    },
    pages: async function* () {
      try {
        throwIfCancelled(either); // stopped before it was read
        for (let current = page; current !== undefined; current = await advance()) {
          if (current.data !== undefined && current.data.length > 0) yield current.data;
          if (current.nextUri === undefined) return;
          throwIfCancelled(either);
        }
      } finally {
        end();
      }
    },
    stop: () => {
      stopper.abort();
      end();
    },
  };
  return reader;
}
