/** Two accounts of one group on this machine, for tests that root runs. */
import { chmod, chown, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { World } from "../jobs/staging-kit.ts";

export const TEAM = 64_100;
export const SERVER = 64_101;
export const CURATOR = 64_102;

export const isRoot = process.getuid?.() === 0;
if (!isRoot) process.stderr.write("NOT RUN: tests of two accounts need root\n");

/** What runs a command as an account of the team. */
export function as(uid: number): string[] {
  return ["setpriv", `--reuid=${uid}`, `--regid=${TEAM}`, "--clear-groups"];
}

/** The environment of an account with a home of its own in the world's folder. */
export async function accountOf({ folder, lake }: Pick<World, "folder" | "lake">, uid: number) {
  const home = join(folder, `home-${uid}`);
  await mkdir(home, { mode: 0o755 });
  await chown(home, uid, TEAM);
  return { HOME: home, XDG_CONFIG_HOME: "", DATALAKE_CACHE: join(home, "cache"), DATALAKE_LAKE: lake.root };
}

/** Gives the lake to the server's account and the team. */
export async function giveToTeam({ folder, lake }: Pick<World, "folder" | "lake">): Promise<void> {
  await chmod(folder, 0o755);
  const given = Bun.spawnSync(["chown", "-R", `${SERVER}:${TEAM}`, lake.root]);
  const marked = Bun.spawnSync(["find", lake.root, "-type", "d", "-exec", "chmod", "2775", "{}", "+"]);
  if (given.exitCode !== 0 || marked.exitCode !== 0) throw new Error("the lake cannot be given away");
}
