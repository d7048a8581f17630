import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type MountOptions, mountRig, type RigMount } from "./mount.ts";

export interface TwoMounts {
  /** What the server has on its disk. */
  backing: string;
  a: RigMount;
  b: RigMount;
  /** On a disk, for everything else. */
  scratch: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/** One folder of a server, mounted twice as by two hosts; all of it is gone when the test ends. */
export async function mountTwo(options: Pick<MountOptions, "behaviour" | "staleMs">): Promise<TwoMounts> {
  const folder = await mkdtemp(join(tmpdir(), "datalake-mounts-"));
  await chmod(folder, 0o755);
  const [backing, scratch] = [join(folder, "server"), join(folder, "scratch")];
  for (const path of [backing, scratch]) await mkdir(path);
  const mounts: RigMount[] = [];
  const end = async () => {
    for (const mount of mounts) await mount.end();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const a = await mountRig({ ...options, backing, at: join(folder, "a") });
    mounts.push(a);
    const b = await mountRig({ ...options, backing, at: join(folder, "b") });
    mounts.push(b);
    return { backing, a, b, scratch, [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}
