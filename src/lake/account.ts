import { stat } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { findAccount, nameAccount } from "../util/accounts.ts";

/** The account that runs this program; its number if it has no name. */
export function userName(): string {
  return findAccount(process.getuid?.())?.name ?? userInfo().username;
}

/** The owner of a process on this machine; undefined if it does not exist or the system does not tell. */
export async function ownerOfProcess(pid: number): Promise<{ uid: number; name: string } | undefined> {
  const found = await stat(`/proc/${Math.trunc(pid)}`).catch(() => undefined);
  return found && { uid: found.uid, name: nameAccount(found.uid) };
}

/** The name of this machine, as a part of a file's name: `nas`. */
export function machineName(): string {
  return hostname().replaceAll(/[^A-Za-z0-9-]/g, "-");
}
