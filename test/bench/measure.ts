import { readdir, readFile } from "node:fs/promises";

export interface Sample {
  seconds: number;
  /** Largest sum of the resident memory of the process and all its descendants, in bytes. */
  peakBytes: number;
  stdout: string;
}

/** Runs a command to its end and watches the memory of its whole process tree; throws with its stderr if it fails. */
export async function runCommand(
  command: string[],
  options: { env?: Record<string, string>; okExits?: number[] } = {},
): Promise<Sample> {
  const started = performance.now();
  const child = Bun.spawn(command, {
    env: { ...process.env, ...options.env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  let peakBytes = 0;
  const watch = setInterval(async () => {
    peakBytes = Math.max(peakBytes, await treeMemory(child.pid));
  }, 100);
  const [stdout, stderr, exit] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  clearInterval(watch);
  if (!(options.okExits ?? [0]).includes(exit)) {
    throw new Error(`${command.join(" ")} ended with ${exit}:\n${stderr}\n${stdout.slice(0, 2000)}`);
  }
  return { seconds: (performance.now() - started) / 1000, peakBytes, stdout };
}

/** Resident memory of a process and its descendants, in bytes; from /proc (proc_pid_stat(5), statm in pages). */
async function treeMemory(root: number): Promise<number> {
  const parents = new Map<number, number>();
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    if (stat !== "") parents.set(Number(name), parent);
  }
  const family = new Set([root]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const [pid, parent] of parents) {
      if (!family.has(pid) && family.has(parent)) {
        family.add(pid);
        grown = true;
      }
    }
  }
  let pages = 0;
  for (const pid of family) {
    const statm = await readFile(`/proc/${pid}/statm`, "utf8").catch(() => "0 0");
    pages += Number(statm.split(" ")[1]);
  }
  return pages * 4096;
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export interface Comparison {
  jobSeconds: number;
  floorSeconds: number;
  /** Median of the ratios of each pair. */
  ratio: number;
}

/** Times job and floor in turn, so that a machine that slows down slows both, and compares them pair by pair. */
export async function compareInTurn(
  runs: number,
  job: () => Promise<number>,
  floor: () => Promise<number>,
): Promise<Comparison> {
  const jobs: number[] = [];
  const floors: number[] = [];
  for (let run = 0; run < runs; run++) {
    floors.push(await floor());
    jobs.push(await job());
  }
  const ratio = median(jobs.map((seconds, at) => seconds / (floors[at] ?? Number.NaN)));
  return { jobSeconds: median(jobs), floorSeconds: median(floors), ratio };
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}
