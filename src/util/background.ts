import { writeFileSync } from "node:fs";
import { setPriority } from "node:os";

/** As `nice -n 5`: such a process gets a third of the share of others under load, otherwise all it can use. */
const NICENESS = 5;

/**
 * Lets a process that was just started with a session of its own, and every thread of it, be behind those whom
 * somebody waits for.
 */
export function sendToBackground(pid: number): void {
  try {
    setPriority(pid, NICENESS);
    // Where Linux shares the processor by session, niceness counts within one only (sched(7), autogroup).
    writeFileSync(`/proc/${pid}/autogroup`, String(NICENESS));
  } catch {
    // it has ended, is not allowed, or there is no autogroup: it keeps its priority
  }
}
