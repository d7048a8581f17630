import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { runJob } from "../../src/jobs/run-job.ts";
import { silentLogger } from "../../src/log.ts";
import type { JobRecord } from "../../src/schema/job.ts";
import { fingerprintTree, PROGRAM, runProgram, type World } from "./staging-kit.ts";

export const PROCESS = ["process", "start", "--wait", "--json"];

/** What a lake holds in the end. */
export interface Outcome {
  catalog: Record<string, string>;
  assets: Record<string, string>;
  rejects: Record<string, string>;
  left: string[];
}

export async function readOutcome({ lake }: World): Promise<Outcome> {
  const { pending, processing, failed } = lake.layout;
  const jobs = await fingerprintTree(lake.layout.jobs);
  return {
    catalog: await fingerprintTree(lake.layout.catalog),
    assets: await fingerprintTree(lake.layout.assets),
    rejects: Object.fromEntries(Object.entries(jobs).filter(([name]) => name.endsWith(".rejects.parquet"))),
    left: (await Promise.all([pending, processing, failed].map((folder) => readdir(folder)))).flat(),
  };
}

/** One thing that goes wrong: the `when`-th call that a thread of the process makes to one of `calls`. */
export interface Fault {
  process: "parent" | "child";
  calls: string;
  when: number;
}

export const RENAMES = "rename,renameat,renameat2";
export const LINKS = "link,linkat";
export const SYNCS = "fsync,syncfs,fdatasync";
export const REMOVALS = "unlink,unlinkat,rmdir";
export const FOLDERS = "mkdir,mkdirat";

export function every(process: Fault["process"], calls: string, until: number, step = 1): Fault[] {
  const count = Math.ceil(until / step);
  return Array.from({ length: count }, (_, at) => ({ process, calls, when: at * step + 1 }));
}

function strace(calls: string, injection: string, options: string[] = []): string[] {
  const inject = `inject=${calls}:${injection}`;
  return ["strace", "-f", ...options, "-qq", "-o", "/dev/null", "-e", `trace=${calls}`, "-e", inject];
}

/** Only the parent is traced: strace leaves a child alone when it becomes another program. */
export async function runWithFault(world: World, fault: Fault, effect: string): Promise<void> {
  const injection = `${effect}:when=${fault.when}`;
  if (fault.process === "parent") {
    await runProgram(world, PROCESS, strace(fault.calls, injection, ["-b", "execve"]));
  } else {
    await runJobWithFirstChild(world, strace(fault.calls, injection, ["--seccomp-bpf"]));
  }
}

/** Runs a job whose first child stands behind `prefix`; the children that follow it do not. */
async function runJobWithFirstChild(world: World, prefix: string[]): Promise<JobRecord> {
  const script =
    'flag=$1; shift; if mkdir "$flag" 2>/dev/null; then exec "$@"; else shift $PREFIX; exec "$@"; fi';
  const { lake, settings } = world;
  return runJob({
    lake,
    settings,
    selfCommand: [
      "env",
      `PREFIX=${prefix.length}`,
      "UV_THREADPOOL_SIZE=1",
      ...["sh", "-c", script, "sh", join(world.folder, "first-child"), ...prefix, ...PROGRAM],
    ],
    logger: silentLogger,
    signal: new AbortController().signal,
  });
}
