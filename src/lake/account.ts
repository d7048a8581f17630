import { stat } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { findAccount, nameAccount } from "../util/accounts.ts";

/** Who runs this program, by the system's account; its number where that has no name. */
export function userName(): string {
  return findAccount(process.getuid?.())?.name ?? userInfo().username;
}

/** Whose a process of this machine is; undefined for one that is not there, or where the system does not tell. */
export async function ownerOfProcess(pid: number): Promise<{ uid: number; name: string } | undefined> {
  const found = await stat(`/proc/${Math.trunc(pid)}`).catch(() => undefined);
  return found && { uid: found.uid, name: nameAccount(found.uid) };
}

/** The name of this machine, as a part of a file's name: `nas`. */
export function machineName(): string {
  return hostname().replaceAll(/[^A-Za-z0-9-]/g, "-");
}
