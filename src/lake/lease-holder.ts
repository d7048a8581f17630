import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";
import * as v from "valibot";
import { systemCode } from "../errors.ts";

/** Displayed text from a file that others can write: must not contain control characters. */
const Shown = v.pipe(v.string(), v.maxLength(300), v.regex(/^\P{Cc}*$/u));

export const LeaseHolderSchema = v.object({
  id: v.string(),
  host: Shown,
  /** Distinguishes machines of the same name; empty if unknown. */
  machine: v.optional(v.string(), ""),
  boot_id: v.string(),
  /** Namespace of `pid`: containers on one machine have their own. */
  pid_space: v.optional(v.string(), ""),
  pid: v.number(),
  /**
   * Process start time in clock ticks since boot; distinguishes a process from a later one with the same pid.
   */
  started: v.string(),
  /** Display text: `datalake serve on 127.0.0.1:8091`. */
  purpose: Shown,
  acquired_at: v.string(),
});
export type LeaseHolder = v.InferOutput<typeof LeaseHolderSchema>;

/** This process as a lease holder. */
export async function describeSelf(purpose: string): Promise<LeaseHolder> {
  return {
    id: crypto.randomUUID(),
    host: hostname(),
    machine: await readFirst("/etc/machine-id"),
    boot_id: await readFirst("/proc/sys/kernel/random/boot_id"),
    pid_space: await readlink("/proc/self/ns/pid").catch(() => ""),
    pid: process.pid,
    started: await processStart(process.pid),
    purpose,
    acquired_at: new Date().toISOString(),
  };
}

/** Start time of a live process, `""` for none; without /proc, `alive` for any process. */
async function processStart(pid: number): Promise<string> {
  if (process.platform !== "linux") {
    try {
      process.kill(pid, 0);
      return "alive";
    } catch (error) {
      return systemCode(error) === "EPERM" ? "alive" : "";
    }
  }
  const text = await readFirst(`/proc/${pid}/stat`);
  // The command in field 2 may hold spaces and parentheses; the state is field 3, the start time field 22.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  // A zombie: dead but not reaped; the first process of a container may never reap its children.
  if (fields[0] === "Z" || fields[0] === "X") return "";
  return fields[19] ?? "";
}

async function readFirst(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch {
    return "";
  }
}

/** Whether a process of this id runs here. */
export async function isRunning(pid: number): Promise<boolean> {
  return (await processStart(pid)) !== "";
}

/** Whether the holder lives; undefined if this machine cannot tell. */
export async function livesHere(holder: LeaseHolder): Promise<boolean | undefined> {
  const self = await describeSelf("");
  if (holder.boot_id === self.boot_id && holder.pid_space === self.pid_space) {
    if (self.boot_id === "" && holder.host !== self.host) return undefined;
    return (await processStart(holder.pid)) === holder.started;
  }
  // The same machine after a reboot: nothing survived. A host name alone is not enough (two containers).
  const rebooted =
    holder.boot_id !== self.boot_id && holder.host === self.host && holder.machine === self.machine;
  return rebooted && self.machine !== "" ? false : undefined;
}
