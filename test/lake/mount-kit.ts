import { expect } from "bun:test";
import { join } from "node:path";
import { PROGRAM } from "../jobs/staging-kit.ts";
import type { TwoMounts } from "../rigs/fuse/two-mounts.ts";

/** A lake on a mount, and the environment of commands that work on it from there. */
export interface MountWorld {
  lake: string;
  env: Record<string, string>;
}

export function worldOn({ a, scratch }: Pick<TwoMounts, "a" | "scratch">): MountWorld {
  const lake = join(a.at, "lake");
  const env = {
    DATALAKE_LAKE: lake,
    DATALAKE_CACHE: join(scratch, "cache"),
    DATALAKE_PROCESSING_NUM_PROC: "1",
    // The rig's mounts here do not lag.
    DATALAKE_MOUNT_STALE_S: "1",
    DATALAKE_SERVE_TOKENS: join(scratch, "tokens.json"),
  };
  return { lake, env };
}

export async function runOn({ env }: MountWorld, ...args: string[]) {
  const child = Bun.spawn([...PROGRAM, ...args], {
    env: { ...process.env, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { exit: await child.exited, stdout, stderr };
}

/** Runs a command that must succeed; gives what it prints. */
export async function succeed(world: MountWorld, ...args: string[]): Promise<string> {
  const { exit, stdout, stderr } = await runOn(world, ...args);
  expect({ args, exit, stderr: exit === 0 ? "" : stderr }).toEqual({ args, exit: 0, stderr: "" });
  return stdout;
}
