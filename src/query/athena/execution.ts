import type { AthenaClient as AwsAthena, QueryExecution } from "@aws-sdk/client-athena";
import { AppError, throwIfCancelled } from "../../errors.ts";
import type { QueryStats } from "../../schema/query.ts";
import { fromAws } from "../aws/athena.ts";

export interface AthenaPlace {
  database: string;
  workgroup: string;
  /** `s3://bucket/folder` for results, unless the workgroup has one. */
  output: string | undefined;
}

export interface AthenaLimits {
  maxScanBytes: number;
  /** In US dollars. */
  pricePerTb: number;
  /** Maximum age for reusing results of the same query; 0: never. */
  reuseMinutes: number;
}

/** Time and randomness; replaced in tests. */
export interface ExecutionEffects {
  sleep: (delayMs: number, signal: AbortSignal | undefined) => Promise<void>;
  random: () => number;
  /** Attempts per call when AWS throttles or the connection breaks. */
  attempts: number;
  /** Distinguishes executions of the same statement. */
  nonce: () => string;
}

export interface Execution {
  id: string;
  output: string;
  stats: QueryStats;
}

/** Athena's limit. */
const MAX_STATEMENT_BYTES = 262_144;
const FIRST_POLL_MS = 250;
const MAX_POLL_MS = 5000;

/**
 * Runs a statement to completion. Retries use the same token, so a lost response never starts it twice. An
 * aborted signal, the time limit and the scan limit stop it at Athena. Throws `invalid_sql`, `not_found`,
 * `too_large`, `timeout`, `cancelled`, `unauthorized`, `forbidden`, `engine_failed`, `server_unreachable`.
 */
export async function execute(
  aws: AwsAthena,
  sql: string,
  place: AthenaPlace,
  limits: AthenaLimits,
  options: { signal?: AbortSignal | undefined; timeoutMs?: number | undefined; reuse?: boolean },
  effects: ExecutionEffects = realEffects,
): Promise<Execution> {
  const bytes = Buffer.byteLength(sql);
  if (bytes > MAX_STATEMENT_BYTES) {
    throw new AppError(
      "too_large",
      `the statement has ${bytes} bytes, and Athena accepts ${MAX_STATEMENT_BYTES}; select fewer partitions or rows`,
      { details: { engine: "athena", bytes } },
    );
  }
  const { signal } = options;
  throwIfCancelled(signal);
  const id = await start(aws, sql, place, options.reuse === true ? limits.reuseMinutes : 0, effects);
  const startedMs = performance.now();
  let hasEnded = false;
  try {
    for (let waitMs = FIRST_POLL_MS; ; waitMs = Math.min(MAX_POLL_MS, waitMs * 1.5)) {
      const state = await look(aws, id, signal);
      const status = state.Status?.State;
      hasEnded = status === "SUCCEEDED" || status === "FAILED" || status === "CANCELLED";
      if (status === "SUCCEEDED") return describe(id, state, limits);
      if (hasEnded) throw failureOf(id, state);
      const scanned = state.Statistics?.DataScannedInBytes ?? 0;
      if (scanned > limits.maxScanBytes) throw scansTooMuch(id, limits.maxScanBytes);
      const elapsedMs = performance.now() - startedMs;
      if (options.timeoutMs !== undefined && elapsedMs > options.timeoutMs)
        throw tookTooLong(options.timeoutMs);
      await effects.sleep(waitMs * (0.75 + effects.random() / 2), signal);
      throwIfCancelled(signal);
    }
  } catch (error) {
    if (!hasEnded) await stop(aws, id);
    throw signal?.aborted ? new AppError("cancelled", "cancelled", { cause: error }) : error;
  }
}

async function start(
  aws: AwsAthena,
  sql: string,
  place: AthenaPlace,
  reuseMinutes: number,
  effects: ExecutionEffects,
): Promise<string> {
  const { StartQueryExecutionCommand } = await import("@aws-sdk/client-athena");
  const request = {
    QueryString: sql,
    QueryExecutionContext: { Database: place.database },
    WorkGroup: place.workgroup,
    ...(place.output !== undefined && { ResultConfiguration: { OutputLocation: place.output } }),
    ...(reuseMinutes > 0 && {
      ResultReuseConfiguration: {
        ResultReuseByAgeConfiguration: { Enabled: true, MaxAgeInMinutes: reuseMinutes },
      },
    }),
  };
  const token = new Bun.CryptoHasher("sha256")
    .update(JSON.stringify([request, effects.nonce()]))
    .digest("hex");
  try {
    const { QueryExecutionId } = await aws.send(
      new StartQueryExecutionCommand({ ...request, ClientRequestToken: token }),
    );
    return QueryExecutionId ?? "";
  } catch (error) {
    throw fromAws(error, "a query at Athena");
  }
}

async function look(aws: AwsAthena, id: string, signal: AbortSignal | undefined): Promise<QueryExecution> {
  const { GetQueryExecutionCommand } = await import("@aws-sdk/client-athena");
  try {
    const { QueryExecution } = await aws.send(
      new GetQueryExecutionCommand({ QueryExecutionId: id }),
      signal === undefined ? {} : { abortSignal: signal },
    );
    return QueryExecution ?? {};
  } catch (error) {
    throw fromAws(error, "a query at Athena");
  }
}

/** If stopping fails, the query has ended or ends by the workgroup's limits. */
async function stop(aws: AwsAthena, id: string): Promise<void> {
  const { StopQueryExecutionCommand } = await import("@aws-sdk/client-athena");
  await aws.send(new StopQueryExecutionCommand({ QueryExecutionId: id })).catch(() => {});
}

/** Athena's minimum charge for a query that scans data. */
const LEAST_BILLED_BYTES = 10_000_000;

function describe(id: string, state: QueryExecution, { pricePerTb }: AthenaLimits): Execution {
  const scannedBytes = state.Statistics?.DataScannedInBytes ?? 0;
  const reused = state.Statistics?.ResultReuseInformation?.ReusedPreviousResult === true;
  const free = reused || state.StatementType === "DDL";
  const billed = free ? 0 : Math.max(LEAST_BILLED_BYTES, scannedBytes);
  return {
    id,
    output: state.ResultConfiguration?.OutputLocation ?? "",
    stats: {
      engineMs: state.Statistics?.TotalExecutionTimeInMillis ?? 0,
      scannedBytes,
      costUsd: (billed / 1e12) * pricePerTb,
    },
  };
}

function failureOf(id: string, { Status }: QueryExecution): AppError {
  const reason = (Status?.StateChangeReason ?? Status?.AthenaError?.ErrorMessage ?? "").split("\n")[0] ?? "";
  const details = { engine: "athena", query_id: id };
  if (/exhausted|exceeded.*(limit|bytes)|bytes scanned limit/i.test(reason)) {
    return new AppError("too_large", `Athena stopped the query: ${reason}; narrow the selection`, {
      details,
    });
  }
  if (Status?.State === "CANCELLED") {
    return new AppError("cancelled", `the query was stopped at Athena${reason && ` (${reason})`}`, {
      details,
    });
  }
  if (/(TABLE|SCHEMA|CATALOG)_NOT_FOUND|does not exist/i.test(reason)) {
    return new AppError(
      "not_found",
      `Athena says: ${reason}; \`datalake sync --to athena\` creates the tables that athena.database and athena.table name`,
      { details },
    );
  }
  const isUsers = Status?.AthenaError?.ErrorCategory === 2 || /SYNTAX_ERROR|MISMATCH|INVALID/.test(reason);
  const advice = isUsers ? "" : "; run it again, and check Athena's console if it fails in the same way";
  return new AppError(isUsers ? "invalid_sql" : "engine_failed", `Athena says: ${reason}${advice}`, {
    details,
  });
}

function scansTooMuch(id: string, maxScanBytes: number): AppError {
  return new AppError(
    "too_large",
    `the query scans more than ${maxScanBytes} bytes and was stopped; narrow the selection, or raise athena.max_scan`,
    { details: { engine: "athena", query_id: id, max_scan_bytes: maxScanBytes } },
  );
}

function tookTooLong(timeoutMs: number): AppError {
  return new AppError(
    "timeout",
    `the query took longer than ${timeoutMs / 1000} s and was stopped; select less, or raise sql.timeout_s`,
    { details: { timeout_ms: timeoutMs } },
  );
}

export const realEffects: ExecutionEffects = {
  attempts: 6,
  sleep: (delayMs, signal) =>
    new Promise((resolve) => {
      const timer = setTimeout(done, delayMs);
      signal?.addEventListener("abort", done, { once: true });
      function done() {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      }
    }),
  random: Math.random,
  nonce: () => Bun.randomUUIDv7(),
};
