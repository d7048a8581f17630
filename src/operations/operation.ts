import type * as v from "valibot";
import type { Settings } from "../config.ts";
import type { Lake } from "../lake/lake.ts";
import type { Logger } from "../log.ts";
import { type OperationState, OperationStateSchema, type ResultFile } from "../schema/operation.ts";
import type { Role } from "../schema/token.ts";

/**
 * A long-running operation on a lake: everything that the command, server, clients and SDK need to run it,
 * follow it and report its result. To add one, add a folder here and a row in table.ts.
 */
export interface Operation<
  Request extends v.GenericSchema = v.GenericSchema,
  Progress extends v.GenericSchema = v.GenericSchema,
  Result extends v.GenericSchema = v.GenericSchema,
  Local = unknown,
> {
  /** Used in routes, logs, metrics and the child's command line. */
  readonly name: string;
  /** One line for lists and /openapi.json. */
  readonly summary: string;
  /** Command name for the audit log; default `run <name>`. */
  readonly command?: string;
  /** Singular with article, and plural, for messages: `an export`, `exports`. */
  readonly noun: readonly [one: string, several: string];
  /** Schema of the JSON request. */
  readonly request: Request;
  /** Progress updates; the latest replaces earlier ones unless `merge` combines them. */
  readonly progress: Progress;
  readonly result: Result;
  readonly role: Role;
  /** Limits on a server. */
  readonly queue: {
    /** For all callers together; one caller may use all slots but one, if there are several. */
    running: number;
    /** Per caller. */
    waiting: number;
    /** Longest wait for a slot; default unlimited. */
    waitMs?: number;
  };
  /** Runs at a lower priority than the server. */
  readonly background: boolean;
  /** Always runs in its own process: it reads untrusted bytes or needs its own environment. */
  readonly isolated: boolean;
  /** Requires `local`: runs only on a folder, by its own command. */
  readonly needsLocal?: boolean;
  readonly served: ServedById | ServedByConnection | ServedInside;
  merge?(before: v.InferOutput<Progress> | null, next: v.InferOutput<Progress>): v.InferOutput<Progress>;
  /** What the lake keeps of the last result, small: for operations whose last run people ask for. */
  keepsLast?(result: v.InferOutput<Result>): object;
  /** The server's local part of a request; output goes to this new folder. */
  inFolder?(output: string): Local;
  environment?(local: Local | undefined): Record<string, string>;
  /** Exit code of `datalake run` for a result; default 0. */
  exit?(result: v.InferOutput<Result>): number;
  /** Result summary for the audit log. */
  describe?(result: v.InferOutput<Result>): string;
  /** Does the work; loads its code lazily. */
  run(
    request: v.InferOutput<Request>,
    tools: OperationTools<v.InferOutput<Progress>, Local>,
  ): Promise<OperationOutcome<v.InferOutput<Result>>>;
}

export interface OperationTools<Progress, Local> {
  lake: Lake;
  settings: Settings;
  local: Local | undefined;
  logger: Logger;
  signal: AbortSignal;
  report(progress: Progress): void;
}

export interface OperationOutcome<Result> {
  result: Result;
  /** Files in the output folder that belong to the result. */
  files?: ResultFile[];
}

/** Clients start it, poll it by id and fetch its files. */
export interface ServedById {
  by: "id";
  /** Retention of finished ones: the newest, or those requested within a time. */
  kept: { newest: number } | { forMs: number };
  /** Who may follow and stop it; administrators always may. */
  visibleTo: "owner" | "everybody";
  /** Default: below /operations/<name>, with the state unchanged. */
  routes?: OperationRoutes;
}

/** Clients wait on one connection, optionally with progress lines. Closing the connection cancels it. */
export interface ServedByConnection {
  by: "connection";
  path: string;
}

/** Started by other routes. */
export interface ServedInside {
  by: "server";
}

export interface OperationRoutes {
  start: string;
  /** Base of the GET and DELETE routes: `/exports/{id}`, `/exports/{id}/files/{path}`. */
  item: string;
  /** First letter of its ids, and its name in error details. */
  idPrefix: string;
  idName: string;
  /** DELETE either stops and forgets it, or stops it and returns its state. */
  remove: "forget" | "stop";
  document: v.GenericSchema;
  toDocument(state: OperationState): object;
  fromDocument(document: never): OperationState;
}

// biome-ignore lint/suspicious/noExplicitAny: operations of every kind are in one table.
export type AnyOperation = Operation<any, any, any, any>;
export type RequestOf<O extends AnyOperation> = v.InferInput<O["request"]>;
export type ProgressOf<O extends AnyOperation> = v.InferOutput<O["progress"]>;
export type ResultOf<O extends AnyOperation> = v.InferOutput<O["result"]>;
/** Local paths that only a process on the lake's machine may add. Sent to the child as JSON. */
export type LocalOf<O extends AnyOperation> = NonNullable<Parameters<O["run"]>[1]["local"]>;

export function routesOf({ name, served }: AnyOperation): OperationRoutes | undefined {
  if (served.by !== "id") return undefined;
  const path = `/operations/${name}`;
  return (
    served.routes ?? {
      start: path,
      item: path,
      idPrefix: "o",
      idName: "id",
      remove: "forget",
      document: OperationStateSchema,
      toDocument: (state) => state,
      fromDocument: (document) => document,
    }
  );
}

export function defineOperation<
  Request extends v.GenericSchema,
  Progress extends v.GenericSchema,
  Result extends v.GenericSchema,
  Local = unknown,
>(operation: Operation<Request, Progress, Result, Local>): Operation<Request, Progress, Result, Local> {
  return operation;
}
