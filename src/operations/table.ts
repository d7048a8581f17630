import { CHECK_LABELS } from "./check-labels/operation.ts";
import { COMPARE } from "./compare/operation.ts";
import { DOCTOR } from "./doctor/operation.ts";
import { EXPORT } from "./export/operation.ts";
import type { AnyOperation } from "./operation.ts";
import { REBUILD } from "./rebuild/operation.ts";
import { STAGE } from "./stage/operation.ts";
import { STATISTICS } from "./statistics/operation.ts";
import { VERIFY } from "./verify/operation.ts";

/** All long-running operations; defines the server's routes, queues, metrics and child processes. */
export const OPERATIONS: readonly AnyOperation[] = [
  REBUILD,
  VERIFY,
  EXPORT,
  STAGE,
  CHECK_LABELS,
  STATISTICS,
  COMPARE,
  DOCTOR,
];
