import type { Settings } from "../config.ts";
import type { Supervisor } from "../jobs/supervisor.ts";
import type { Lake } from "../lake/lake.ts";
import type { Logger } from "../log.ts";

/** What the routes need; each takes the part it uses. */
export interface ServerDeps {
  lake: Lake;
  settings: Settings;
  supervisor: Supervisor;
  logger: Logger;
  version: string;
  startedAt: string;
}
