import type { Settings } from "../config.ts";
import type { Supervisor } from "../jobs/supervisor.ts";
import type { Lake } from "../lake/lake.ts";
import type { MountReport } from "../lake/mount-check.ts";
import type { Logger, LogLevelControl } from "../log.ts";
import type { Role } from "../schema/token.ts";
import type { Caller } from "./auth/access.ts";
import type { ResponseCache } from "./http/response-cache.ts";
import type { Sessions } from "./page/sessions.ts";
import type { Thumbs } from "./page/thumbs.ts";
import type { MetricRegistry } from "./telemetry/metric-registry.ts";
import type { SystemState } from "./telemetry/system-state.ts";
import type { Engines } from "./work/engines.ts";
import type { InputUploads } from "./work/input-uploads.ts";
import type { ServedOperations } from "./work/operations.ts";
import type { Slots } from "./work/slots.ts";

/** What the routes need; each uses a part. */
export interface ServerDeps {
  lake: Lake;
  settings: Settings;
  /** The program and its leading arguments, without a command. */
  selfCommand: string[];
  supervisor: Supervisor;
  operations: ServedOperations;
  inputs: InputUploads;
  engines: Engines;
  thumbs: Thumbs;
  sessions: Sessions;
  /** Who a request is by its token or cookie, also at routes that let anybody in. */
  visitorOf(request: Request): Caller | undefined;
  /** Whether a request came over TLS, to this server or to a proxy that it trusts. */
  isSecure(request: Request): boolean;
  slots: Slots;
  /** Answers that are read in parts. */
  files: ResponseCache;
  /** The caller: the name of its token; undefined where no token is needed. */
  callerName(request: Request): string | undefined;
  /** The caller's role; undefined for a request that did not pass the door, and where no token is needed. */
  callerRole(request: Request): Role | undefined;
  /** A response as the caller may see it. */
  shown<T>(value: T, request: Request): T;
  /** Whether a lease on the lake, by its id, is that of this server. */
  isOwnLease(id: string): boolean;
  /** Whom places and queues are shared with: a token, or an address. */
  identityOf(request: Request): string;
  /** Lets a connection be silent while its query runs. */
  keepOpen(request: Request): void;
  /** Ends a connection whose client reads nothing. */
  cutOff(request: Request): void;
  state: SystemState;
  metrics: MetricRegistry;
  logger: Logger;
  logLevel: LogLevelControl;
  version: string;
  startedAt: string;
  /** Of the lake, as it was at the start. */
  mount: MountReport;
}
