import type * as v from "valibot";
import type { Settings } from "../config.ts";
import type { Lake } from "../lake/lake.ts";
import type { Logger } from "../log.ts";
import { type OperationState, OperationStateSchema, type ResultFile } from "../schema/operation.ts";
import type { Role } from "../schema/token.ts";

/**
 * A long operation on a lake: everything that the command, the server, its clients and the SDK need to run it, follow
 * it and tell its result. A new one is a folder here and a row in table.ts.
 */
export interface Operation<
  Request extends v.GenericSchema = v.GenericSchema,
  Progress extends v.GenericSchema = v.GenericSchema,
  Result extends v.GenericSchema = v.GenericSchema,
  Local = unknown,
> {
  /** In routes, logs and metrics, and on the command line of the child process. */
  readonly name: string;
  /** One line, for lists and /openapi.json. */
  readonly summary: string;
  /** The command that runs it, for the audit log; `run <name>` without. */
  readonly command?: string;
  /** One of them, and several: `an export`, `exports`. For messages. */
  readonly noun: readonly [one: string, several: string];
  /** What a client may ask for, in JSON. */
  readonly request: Request;
  /** What the operation reports while it runs; the newest counts, unless `merge` joins it with those before. */
  readonly progress: Progress;
  readonly result: Result;
  /** Role that is required to run it on a server. */
  readonly role: Role;
  /** On a server. */
  readonly queue: {
    /** Of all callers together; each gets all places but one, where there are several. */
    running: number;
    /** Of one caller. */
    waiting: number;
    /** How long one waits for a place; forever without. */
    waitMs?: number;
  };
  /** Runs at a lower priority than the server. */
  readonly background: boolean;
  /** Runs in a process of its own even for a command: it reads other people's bytes, or needs its own environment. */
  readonly isolated: boolean;
  /** It runs with a `local` only: on a folder by its own command. */
  readonly needsLocal?: boolean;
  readonly served: ServedById | ServedByConnection | ServedInside;
  merge?(before: v.InferOutput<Progress> | null, next: v.InferOutput<Progress>): v.InferOutput<Progress>;
  /** What the server adds to a request, whose output goes into this new folder. */
  inFolder?(output: string): Local;
  /** Environment of the child process. */
  environment?(local: Local | undefined): Record<string, string>;
  /** Exit code of `datalake run` for a result; 0 without. */
  exit?(result: v.InferOutput<Result>): number;
  /** What was done, for the audit log. */
  describe?(result: v.InferOutput<Result>): string;
  /** Does the work; loads the code it needs then. */
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
  /** Those in the output folder that are part of the result. */
  files?: ResultFile[];
}

/** A client starts it, asks for its state by its id, fetches its files. */
export interface ServedById {
  by: "id";
  /** Which finished ones are kept: the newest, or those requested within a time. */
  kept: { newest: number } | { forMs: number };
  /** Who may follow and stop one; administrators always may. */
  visibleTo: "owner" | "everybody";
  /** Where it is and how its state is shown; without, below /operations/<name>, as it is. */
  routes?: OperationRoutes;
}

/** A client waits for it on one connection, with progress lines on request. It ends when the connection closes. */
export interface ServedByConnection {
  by: "connection";
  /** POST. */
  path: string;
}

/** Routes of another kind start it. */
export interface ServedInside {
  by: "server";
}

export interface OperationRoutes {
  /** POST starts one. */
  start: string;
  /** GET and DELETE below: `/exports/{id}`, `/exports/{id}/files/{path}`. */
  item: string;
  /** First letter of its ids, and what an error's details call one. */
  idPrefix: string;
  idName: string;
  /** What DELETE does: stop it and forget it, or only stop it, which gives its state. */
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
/** What only a process of the lake's own machine may add: paths. Sent to the child as JSON. */
export type LocalOf<O extends AnyOperation> = NonNullable<Parameters<O["run"]>[1]["local"]>;

/** The routes of an operation that is served by id. */
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

/** An operation, with the types of its own schemas. */
export function defineOperation<
  Request extends v.GenericSchema,
  Progress extends v.GenericSchema,
  Result extends v.GenericSchema,
  Local = unknown,
>(operation: Operation<Request, Progress, Result, Local>): Operation<Request, Progress, Result, Local> {
  return operation;
}
