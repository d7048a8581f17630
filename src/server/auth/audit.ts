import { recordAudit } from "../../lake/audit.ts";
import type { Lake } from "../../lake/lake.ts";
import type { Logger } from "../../log.ts";
import type { Admitted } from "./admit.ts";

/** A request that would change something, once it is answered. */
export interface AuditedRequest {
  /** Undefined for one that was not let in. */
  admitted: Admitted | undefined;
  /** Address at the other end of the connection. */
  peer: string;
  requestId: string;
  /** `ok`, or the code of the error. */
  outcome: string;
}

/**
 * What strangers try a minute is written down up to here: the log is never cut, and should not fill the lake's
 * disk.
 */
const STRANGERS_A_MINUTE = 60;
const MAX_TARGET_CHARS = 500;

/** Writes requests into the lake's audit log; one that cannot be written is said in the server's log. */
export function createAuditor({
  lake,
  logger,
}: {
  lake: Lake;
  logger: Logger;
}): (request: Request, audited: AuditedRequest) => Promise<void> {
  const takeStranger = createBudget(STRANGERS_A_MINUTE);
  return async (request, { admitted, peer, requestId, outcome }) => {
    const { pathname } = new URL(request.url);
    if (admitted === undefined && !takeStranger(Date.now())) return;
    try {
      await recordAudit(lake, {
        who: admitted === undefined ? "unknown" : (admitted.caller.name ?? "anybody"),
        role: admitted?.caller.role,
        from: admitted?.address ?? peer,
        action: `${request.method} /${pathname.split("/")[1]?.slice(0, MAX_TARGET_CHARS) ?? ""}`,
        target: pathname.slice(0, MAX_TARGET_CHARS),
        request_id: requestId,
        outcome,
      });
    } catch (error) {
      logger.error("the audit log cannot be written", { error });
    }
  };
}

/** Says yes `perMinute` times in each minute of the clock. */
export function createBudget(perMinute: number): (nowMs: number) => boolean {
  let minute = 0;
  let left = perMinute;
  return (nowMs) => {
    const current = Math.floor(nowMs / 60_000);
    if (current !== minute) [minute, left] = [current, perMinute];
    left -= 1;
    return left >= 0;
  };
}
