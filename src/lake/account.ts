import { stat } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { findAccount, nameAccount } from "../util/accounts.ts";

/** The account running this program; its number if it has no name. */
export function userName(): string {
  return findAccount(process.getuid?.())?.name ?? userInfo().username;
}

/** Owner of a process on this machine; undefined if there is none or the system does not tell. */
export async function ownerOfProcess(pid: number): Promise<{ uid: number; name: string } | undefined> {
  const found = await stat(`/proc/${Math.trunc(pid)}`).catch(() => undefined);
  return found && { uid: found.uid, name: nameAccount(found.uid) };
}

/** This machine's name, as part of a file name: `nas`. */
export function machineName(): string {
  return hostname().replaceAll(/[^A-Za-z0-9-]/g, "-");
}
