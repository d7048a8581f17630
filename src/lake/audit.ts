import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { AppError, systemCode } from "../errors.ts";
import { machineName } from "./account.ts";
import { ensureFolder, isMissing } from "./files.ts";
import { giveOpenPermissions } from "./group.ts";
import type { Lake } from "./lake.ts";

/** A change of the lake: who, from where, action, target and outcome. */
export interface AuditEntry {
  /** A token's name, or a system account. */
  who: string;
  role?: string | undefined;
  /** A client's address, or `local`. */
  from: string;
  /** `upload`, `config provider create`, `POST /process`. */
  action: string;
  target: string;
  request_id?: string | undefined;
  /** `ok`, or an error code. */
  outcome: string;
}

/** Readable only by the lake's group. */
const MODE = 0o640;

/**
 * Appends a line to the month's audit log, which is never deleted. Each account of each machine has its own
 * file: accounts cannot write to each other's, and machines that append to one file over a network lose
 * lines.
 */
export async function recordAudit(lake: Lake, entry: AuditEntry, nowMs = Date.now()): Promise<void> {
  const at = new Date(nowMs).toISOString();
  const path = lake.layout.audit(at.slice(0, 7), writerName());
  const handle = await openLog(lake, path);
  try {
    const facts = await handle.stat();
    if (!facts.isFile() || facts.uid !== process.geteuid?.()) throw strange(path);
    if (facts.size === 0) await giveOpenPermissions(handle, dirname(path), MODE);
    await handle.appendFile(`${JSON.stringify({ at, ...entry })}\n`);
  } finally {
    await handle.close();
  }
}

function writerName(): string {
  return `${machineName()}.${process.geteuid?.() ?? 0}`;
}

async function openLog(lake: Lake, path: string): Promise<FileHandle> {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK;
  try {
    return await open(path, flags, MODE);
  } catch (error) {
    if (["ELOOP", "ENXIO", "EISDIR"].includes(systemCode(error) ?? "")) throw strange(path);
    if (!isMissing(error)) throw error;
    await ensureFolder(dirname(path), lake.modes);
    return open(path, flags, MODE);
  }
}

function strange(path: string): AppError {
  return new AppError("conflict", `${path} is not a file of this account; move it away`, {
    details: { path },
  });
}
