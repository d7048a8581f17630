import { existsSync } from "node:fs";
import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PROGRAM } from "../../jobs/staging-kit.ts";
import { createHost, type Host } from "../fuse/host.ts";

/**
 * A host of its own, as far as a lease tells hosts apart: with a name, a boot, a machine and a space of process numbers
 * that no other has. Its programs cannot see whether those of another host live.
 */
export async function createOtherHost(
  name: string,
  at: string,
  scratch: string,
  settings: Record<string, string> = {},
): Promise<Host> {
  await mkdir(scratch, { recursive: true });
  const [boot, machine] = [join(scratch, "boot-id"), join(scratch, "machine-id")];
  await writeFile(boot, `${crypto.randomUUID()}\n`);
  await writeFile(machine, `${crypto.randomUUID().replaceAll("-", "")}\n`);
  const binds = [[boot, "/proc/sys/kernel/random/boot_id"]];
  if (existsSync("/etc/machine-id")) binds.push([machine, "/etc/machine-id"]);
  const setUp = [`hostname ${name}`, ...binds.map(([from, to]) => `mount --bind '${from}' ${to}`)];
  const script = `${setUp.join(" && ")} && exec "$0" "$@"`;
  const unshare = ["unshare", "--mount", "--uts", "--pid", "--fork", "--mount-proc", "--kill-child"];
  // These mounts lag less, or not at all, though one cannot know that of a FUSE file system.
  const env = { DATALAKE_MOUNT_STALE_S: "2", ...settings };
  return createHost({ at, scratch, env, program: [...unshare, "sh", "-c", script, ...PROGRAM] });
}

/** On the server's disk every lease was refreshed long ago: who holds one from elsewhere counts as dead. */
export async function ageLeases(backing: string): Promise<void> {
  const longAgo = Date.now() / 1000 - 3600;
  for (const name of await readdir(backing, { recursive: true }))
    if (/\.(?:lease|lock)$|lease\.json$/.test(name))
      // Somebody may release it meanwhile.
      await utimes(join(backing, name), longAgo, longAgo).catch(() => {});
}
