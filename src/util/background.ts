import { writeFileSync } from "node:fs";
import { setPriority } from "node:os";

/** As `nice -n 5`: such a process gets a third of what others get while they want all of it, else what it likes. */
const NICENESS = 5;

/**
 * Lets a process that was just started with a session of its own, and every thread of it, stand behind those whom
 * somebody waits for.
 */
export function sendToBackground(pid: number): void {
  try {
    setPriority(pid, NICENESS);
    // Where Linux shares the processor by session, niceness counts within one only (sched(7), autogroup).
    writeFileSync(`/proc/${pid}/autogroup`, String(NICENESS));
  } catch {
    // it has ended, may not, or there is no such sharing: then it runs as the others do
  }
}
