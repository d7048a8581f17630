import { expect, test } from "bun:test";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtBinary } from "../../binary/binary.ts";
import { writeInputs } from "./place.ts";
import { localShell } from "./shell.ts";
import { mountSshfs } from "./sshfs.ts";
import { makeAccounts, runAsAccounts, shareFolder } from "./sshfs-accounts.ts";
import { runStory } from "./story.ts";

test("two people with two mounts of sshfs' defaults lose nothing, and are told nothing wrong", async () => {
  const folder = await mkdtemp(join(tmpdir(), "datalake-sshfs-"));
  await chmod(folder, 0o755);
  const told: string[] = [];
  const [share, work] = [join(folder, "sshfs"), join(folder, "work")];
  const accounts = await makeAccounts(join(folder, "accounts"));
  await shareFolder(join(share, "disk"));
  // Programs of other accounts than the one that mounts may use a mount only by the first.
  const mounts = await mountSshfs(share, { ...accounts, port: 22_023, options: "allow_other," });
  try {
    await writeInputs(join(work, "in"));
    const steps = await runStory(
      {
        name: "sshfs",
        shell: localShell,
        ...mounts,
        as: await runAsAccounts(work),
        binary: await builtBinary(),
        work,
        slowness: 3,
        isSmb: false,
        port: 18_601,
        fetchLake: async () => join(mounts.disk, "lake"),
      },
      (line) => told.push(line),
    );
    expect(told.filter((line) => line.includes("wrong:"))).toEqual([]);
    expect(steps.size).toBeGreaterThan(10);
  } finally {
    await mounts.stop();
    await rm(folder, { recursive: true, force: true });
  }
}, 900_000);
