import { readFileSync } from "node:fs";

const LOOK_MS = 250;
/** proc_pid_statm(5) counts in pages. */
const PAGE_BYTES = 4096;

/** Kills a process that works too long, or holds too much memory as far as the system tells. */
export function guardProcess(
  pid: number,
  { killMs, residentBytes }: { killMs: number; residentBytes: number },
  kill: (reason: "time" | "memory") => void,
): { stop(): void } {
  const clock = setTimeout(() => kill("time"), killMs);
  const look = setInterval(() => {
    if (residentOf(pid) > residentBytes) kill("memory");
  }, LOOK_MS);
  // A parent that has nothing else to do still waits for its orders, not for these.
  look.unref();
  return {
    stop: () => {
      clearTimeout(clock);
      clearInterval(look);
    },
  };
}

function residentOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * PAGE_BYTES;
  } catch {
    return 0; // it has ended, or this is no Linux
  }
}
