/**
 * A server that speaks Athena's API (https://docs.aws.amazon.com/athena/latest/APIReference) to AWS's own client and
 * hands each statement to the real Trino. What it cannot show is what only AWS has: workgroups, quotas, prices.
 */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { isPassedOver } from "./hive-ddl.ts";
import { athenaColumn, athenaText, type ColumnInfo } from "./result-values.ts";
import { stepsOf } from "./statements.ts";

export interface LoopbackOptions {
  trino: { url: string; catalog: string; schema: string };
  /** A catalog of the same Trino over the S3 in which UNLOAD leaves its files, with a schema for it. */
  unload?: { catalog: string; schema: string };
}

interface StartRequest {
  QueryString: string;
  QueryExecutionContext?: { Database?: string };
  WorkGroup?: string;
  ClientRequestToken?: string;
  ResultConfiguration?: { OutputLocation?: string };
  ResultReuseConfiguration?: {
    ResultReuseByAgeConfiguration?: { Enabled: boolean; MaxAgeInMinutes?: number };
  };
}

export interface Call {
  action: string;
  body: Record<string, unknown>;
}

/** What happens to a call: an error of AWS, a broken line, or an answer that is lost after the work was begun. */
export type CallFault = { error: string; message?: string; status?: number } | "cut" | "lost";

export type ExecutionFault = { state: "FAILED" | "CANCELLED"; reason: string; category?: number };

export interface Loopback {
  endpoint: string;
  /** Every call as it came, in order. */
  calls: Call[];
  /** Statements that were begun at Trino. */
  statements: string[];
  /** How many executions were begun. */
  started(): number;
  /** Ids of executions that were stopped, once Trino had heard of it. */
  stopped: string[];
  /** Decides for each call; undefined lets it through. */
  failCall: ((call: Call) => CallFault | undefined) | undefined;
  /** Decides how an execution ends, without running it; undefined runs it. */
  failExecution: ((request: StartRequest) => ExecutionFault | undefined) | undefined;
  /** What executions say that they have scanned; else what Trino counts. */
  scannedBytes: number | undefined;
  /** Executions say that they took an earlier result. */
  reuses: boolean;
  /** Executions stay RUNNING until they are stopped. */
  hangs: boolean;
  /** Rows that a page has at most, whatever is asked for. */
  pageRows: number;
  close(): void;
}

interface Execution {
  id: string;
  request: StartRequest;
  state: "QUEUED" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED";
  reason?: string;
  category?: number;
  columns: ColumnInfo[];
  rows: (string | undefined)[][];
  scannedBytes: number;
  nextUri?: string;
  abort: AbortController;
  polls: number;
}

export async function startLoopback(options: LoopbackOptions): Promise<Loopback> {
  const executions = new Map<string, Execution>();
  const tokens = new Map<string, { id: string; request: string }>();
  const loopback: Loopback = {
    endpoint: "",
    calls: [],
    statements: [],
    started: () => executions.size,
    stopped: [],
    failCall: undefined,
    failExecution: undefined,
    scannedBytes: undefined,
    reuses: false,
    hangs: false,
    pageRows: 1000,
    close: () => {
      for (const { abort } of executions.values()) abort.abort();
      server.closeAllConnections();
      server.close();
    },
  };

  const actions: Record<string, (body: Record<string, unknown>) => unknown> = {
    StartQueryExecution: (body) => {
      const request = body as unknown as StartRequest;
      const { ClientRequestToken: token = crypto.randomUUID(), ...rest } = request;
      const text = JSON.stringify(rest);
      const known = tokens.get(token);
      if (known && known.request !== text) throw invalid("Idempotent parameters do not match");
      if (known) return { QueryExecutionId: known.id };
      if (token.length < 32 || token.length > 128) throw invalid("ClientRequestToken has a wrong length");
      if (Buffer.byteLength(request.QueryString) > 262_144) throw invalid("Query string is too long");
      const id = crypto.randomUUID();
      tokens.set(token, { id, request: text });
      executions.set(id, begin(id, request));
      return { QueryExecutionId: id };
    },
    GetQueryExecution: (body) => {
      const one = find(body);
      one.polls++;
      return { QueryExecution: describe(one, loopback) };
    },
    StopQueryExecution: (body) => {
      const one = find(body);
      if (["QUEUED", "RUNNING"].includes(one.state)) {
        one.state = "CANCELLED";
        one.abort.abort();
      }
      loopback.stopped.push(one.id);
      return {};
    },
    GetQueryResults: (body) => {
      const one = find(body);
      if (one.state !== "SUCCEEDED") throw invalid(`Query has not yet finished. Current state: ${one.state}`);
      const from = Number(body.NextToken ?? 0);
      const asked = Number(body.MaxResults ?? 1000);
      if (asked > 1000) throw invalid("MaxResults is more than 1000");
      const count = Math.min(asked, loopback.pageRows);
      const isSelect = stepsOf(one.request.QueryString, options).isSelect;
      const header = isSelect ? [one.columns.map(({ Name }) => Name as string | undefined)] : [];
      const all = [...header, ...one.rows];
      const rows = all.slice(from, from + count);
      return {
        UpdateCount: 0,
        ...(from + count < all.length && { NextToken: String(from + count) }),
        ResultSet: {
          ResultSetMetadata: { ColumnInfo: one.columns },
          Rows: rows.map((row) => ({
            Data: row.map((value) => (value === undefined ? {} : { VarCharValue: value })),
          })),
        },
      };
    },
  };

  const find = (body: Record<string, unknown>): Execution => {
    const one = executions.get(String(body.QueryExecutionId));
    if (!one) throw invalid(`QueryExecution ${body.QueryExecutionId} was not found`);
    return one;
  };

  const begin = (id: string, request: StartRequest): Execution => {
    const one: Execution = {
      id,
      request,
      state: "QUEUED",
      columns: [],
      rows: [],
      scannedBytes: 0,
      abort: new AbortController(),
      polls: 0,
    };
    const fault = loopback.failExecution?.(request);
    if (fault) {
      Object.assign(one, { state: fault.state, reason: fault.reason, category: fault.category ?? 2 });
    } else if (loopback.hangs) one.state = "RUNNING";
    else void runAtTrino(one);
    return one;
  };

  const runAtTrino = async (one: Execution): Promise<void> => {
    one.state = "RUNNING";
    const { steps, isSelect } = stepsOf(one.request.QueryString, options);
    try {
      for (const sql of steps) {
        loopback.statements.push(sql);
        try {
          const { columns, rows, scannedBytes } = await runStatement(options.trino, sql, one.abort.signal);
          one.scannedBytes += scannedBytes;
          if (isSelect) {
            one.columns = columns.map(athenaColumn);
            one.rows = rows.map((row) => row.map((value, at) => athenaText(value, columns[at]?.type ?? "")));
          }
        } catch (error) {
          const message = error instanceof Error ? error.message : String(error);
          if (!isPassedOver(one.request.QueryString, message)) throw error;
        }
      }
      if (one.state === "RUNNING") one.state = "SUCCEEDED";
    } catch (error) {
      if (one.state !== "RUNNING") return;
      one.state = "FAILED";
      one.reason = error instanceof Error ? error.message : String(error);
      one.category = 2;
    }
  };

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const action = String(request.headers["x-amz-target"] ?? "").replace("AmazonAthena.", "");
    const body = JSON.parse(Buffer.concat(chunks).toString() || "{}") as Record<string, unknown>;
    const call = { action, body };
    loopback.calls.push(call);
    const fault = loopback.failCall?.(call);
    if (fault === "cut") return void request.socket.destroy();
    if (typeof fault === "object")
      return refuse(response, fault.status ?? 400, fault.error, fault.message ?? "no");
    try {
      const answer = actions[action]?.(body);
      if (answer === undefined) throw invalid(`no action ${action}`);
      if (fault === "lost") return void request.socket.destroy();
      send(response, 200, answer);
    } catch (error) {
      refuse(
        response,
        400,
        (error as { awsName?: string }).awsName ?? "InternalServerException",
        String(error),
      );
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  loopback.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return loopback;
}

function describe(one: Execution, loopback: Loopback): Record<string, unknown> {
  const { id, request, state, reason, category, scannedBytes } = one;
  const isDdl = /^(CREATE|ALTER|DROP)/.test(request.QueryString);
  const place = request.ResultConfiguration?.OutputLocation;
  return {
    QueryExecutionId: id,
    Query: request.QueryString,
    StatementType: isDdl ? "DDL" : "DML",
    // The first look is always too early.
    Status: {
      State: one.polls === 1 && state === "SUCCEEDED" ? "RUNNING" : state,
      ...(reason !== undefined && {
        StateChangeReason: reason,
        AthenaError: { ErrorCategory: category, ErrorMessage: reason, Retryable: false },
      }),
    },
    Statistics: {
      DataScannedInBytes: loopback.scannedBytes ?? scannedBytes,
      TotalExecutionTimeInMillis: 12,
      EngineExecutionTimeInMillis: 10,
      ...(loopback.reuses && { ResultReuseInformation: { ReusedPreviousResult: true } }),
    },
    ...(place !== undefined && { ResultConfiguration: { OutputLocation: `${place}/${id}.csv` } }),
    WorkGroup: request.WorkGroup,
  };
}

function invalid(message: string): Error {
  return Object.assign(new Error(message), { awsName: "InvalidRequestException" });
}

function refuse(response: ServerResponse, status: number, name: string, message: string): void {
  response.setHeader("x-amzn-errortype", name);
  send(response, status, { __type: name, message });
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(body));
}

interface TrinoPage {
  nextUri?: string;
  columns?: { name: string; type: string }[];
  data?: unknown[][];
  error?: { message: string; errorName?: string };
  stats?: { physicalInputBytes?: number };
}

/** Runs a statement at Trino as Athena does: timestamps in milliseconds, errors with their name in front. */
async function runStatement(
  { url, catalog, schema }: LoopbackOptions["trino"],
  sql: string,
  signal: AbortSignal,
): Promise<{ columns: { name: string; type: string }[]; rows: unknown[][]; scannedBytes: number }> {
  const headers = { "X-Trino-User": "athena", "X-Trino-Catalog": catalog, "X-Trino-Schema": schema };
  const rows: unknown[][] = [];
  let columns: TrinoPage["columns"];
  let answer = await fetch(`${url}/v1/statement`, { method: "POST", body: sql, headers, signal });
  for (;;) {
    const page = (await answer.json()) as TrinoPage;
    if (page.error) throw new Error(`${page.error.errorName}: ${page.error.message}`);
    columns ??= page.columns;
    rows.push(...(page.data ?? []));
    const { nextUri } = page;
    if (nextUri === undefined) {
      return { columns: columns ?? [], rows, scannedBytes: page.stats?.physicalInputBytes ?? 0 };
    }
    if (signal.aborted) {
      await fetch(nextUri, { method: "DELETE", headers });
      throw new Error("stopped");
    }
    answer = await fetch(nextUri, { headers });
  }
}
