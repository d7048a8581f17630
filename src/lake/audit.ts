import { appendFile, chmod, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { ensureFolder, isMissing } from "./files.ts";
import type { Lake } from "./lake.ts";

/** One change of the lake: who did what to what, from where, and how it ended. */
export interface AuditEntry {
  /** Name of a token, or of an account of the system. */
  who: string;
  role?: string | undefined;
  /** Address of a client, or `local`. */
  from: string;
  /** `upload`, `config provider create`, `POST /process`. */
  action: string;
  /** Name of what was changed. */
  target: string;
  request_id?: string | undefined;
  /** `ok`, or the code of the error. */
  outcome: string;
}

/** Only the lake's owner reads who did what. */
const MODE = 0o640;

/** Adds a line to the audit log of the month, `logs/audit-2026-11.jsonl`: none is ever removed by us. */
export async function recordAudit(lake: Lake, entry: AuditEntry, nowMs = Date.now()): Promise<void> {
  const at = new Date(nowMs).toISOString();
  const path = lake.layout.audit(at.slice(0, 7));
  const isNew = await stat(path).then(
    () => false,
    (error) => isMissing(error),
  );
  if (isNew) await ensureFolder(dirname(path), lake.modes);
  await appendFile(path, `${JSON.stringify({ at, ...entry })}\n`, { mode: MODE });
  if (isNew) await chmod(path, MODE);
}
