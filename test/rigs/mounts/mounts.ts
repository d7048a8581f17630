import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { builtBinary, runCommand } from "../../binary/binary.ts";
import type { Rig, RigOptions } from "../rig.ts";
import { startMachine } from "./machine.ts";
import { type Place, writeInputs } from "./place.ts";
import { localShell } from "./shell.ts";
import { mountSshfs } from "./sshfs.ts";
import { runStory, STEPS, type StoryResult } from "./story.ts";
import { formatTable } from "./table.ts";
import { measureViews, VIEWS } from "./views.ts";

export const mountsRig: Rig = {
  summary: "the whole story by two mounts at once of SMB, NFS and sshfs, with the kernel's own clients",
  run: runMounts,
};

const PACKAGES =
  "linux.uml:user-mode-linux smbd:samba rpc.nfsd:nfs-kernel-server mount.nfs:nfs-common mount.cifs:cifs-utils rpcbind mkfs.xfs:xfsprogs busybox:busybox-static sshfs sshd:openssh-server";

/** How much longer the machine takes than this one: all of it is done by one processor. */
const MACHINE_SLOWNESS = 4;

/** `DATALAKE_RIG_MOUNTS=smb3,sshfs` and `DATALAKE_RIG_STEPS=init,replace` limit it, by how names begin. */
async function runMounts({ say }: RigOptions): Promise<string[]> {
  await requirePackages();
  const folder = await mkdtemp(join(tmpdir(), "datalake-mounts-"));
  const results = new Map<string, StoryResult>();
  const story = async (place: Place) => {
    results.set(place.name, await runStory(place, say, beginsLike(process.env.DATALAKE_RIG_STEPS)));
  };
  const isWanted = beginsLike(process.env.DATALAKE_RIG_MOUNTS);
  try {
    if (isWanted("sshfs")) await onThisMachine(join(folder, "sshfs"), story, say);
    const kernelMounts = KERNEL_MOUNTS.filter(({ name }) => isWanted(name));
    if (kernelMounts.length > 0) await inMachine(join(folder, "machine"), kernelMounts, story, say);
  } finally {
    const names = STEPS.map(({ name }) => name);
    for (const line of formatTable(names, results).split("\n")) say(line);
    await rm(folder, { recursive: true, force: true });
  }
  return [...results].flatMap(([name, steps]) =>
    [...steps].flatMap(([step, faults]) => faults.map((fault) => `${name}, ${step}: ${fault}`)),
  );
}

function beginsLike(list: string | undefined): (name: string) => boolean {
  const wanted = list?.split(",");
  return (name) => wanted === undefined || wanted.some((begin) => name.startsWith(begin));
}

async function requirePackages(): Promise<void> {
  const script = resolve(import.meta.dir, "../../../.ci/system-packages");
  const { code, stderr } = await runCommand([script, ...PACKAGES.split(" ")], { cwd: "/" });
  if (code !== 0) throw new Error(stderr);
}

const SSHFS_ADVICE = "dir_cache=no,attr_timeout=0,entry_timeout=0,";

type Story = (place: Place) => Promise<void>;

async function onThisMachine(folder: string, story: Story, say: (line: string) => void): Promise<void> {
  const advised = await mountSshfs(join(folder, "advised"), { port: 22_023, options: SSHFS_ADVICE });
  try {
    say(`sshfs-advised: ${await measureViews(localShell, advised.a, advised.b)}`);
  } finally {
    await advised.stop();
  }
  const mounts = await mountSshfs(folder);
  try {
    say(`sshfs: ${await measureViews(localShell, mounts.a, mounts.b)}`);
    const work = join(folder, "work");
    await writeInputs(join(work, "in"));
    await story({
      name: "sshfs",
      shell: localShell,
      ...mounts,
      binary: await builtBinary(),
      work,
      slowness: 2,
      isSmb: false,
      port: 18_500,
      fetchLake: async () => join(mounts.disk, "lake"),
    });
  } finally {
    await mounts.stop();
  }
}

/** As machine.sh mounts them: `/run/<name>-a` and `-b`, of `/run/disk/<share>`. */
const KERNEL_MOUNTS = [
  { name: "smb3", share: "smb", isSmb: true },
  { name: "nfs3", share: "nfs", isSmb: false },
  { name: "nfs42", share: "nfs", isSmb: false },
];

async function inMachine(
  folder: string,
  mounts: typeof KERNEL_MOUNTS,
  story: Story,
  say: (line: string) => void,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const machine = await startMachine(folder, await builtBinary());
  try {
    await writeInputs(join(machine.share, "inputs"));
    for (const { name } of mounts.filter(() => beginsLike(process.env.DATALAKE_RIG_STEPS)(VIEWS)))
      for (const options of ["", "-advised"]) {
        const [a, b] = [`/run/${name}${options}-a`, `/run/${name}${options}-b`];
        say(`${name}${options}: ${await measureViews(machine, a, b)}`);
      }
    // At once: each story waits most of the time, and for what others wait too.
    await Promise.all(
      mounts.map(async ({ name, share, isSmb }, at) => {
        const work = `/run/work-${name}`;
        const [a, b, disk] = [
          `/run/${name}-a/${name}`,
          `/run/${name}-b/${name}`,
          `/run/disk/${share}/${name}`,
        ];
        await machine.run(`mkdir -p ${disk} ${work}; cp -r /run/share/inputs ${work}/in; sleep 2`);
        await story({
          name,
          shell: machine,
          a,
          b,
          disk,
          work,
          binary: "/run/datalake",
          slowness: MACHINE_SLOWNESS,
          isSmb,
          port: 18_510 + 10 * at,
          fetchLake: async () => {
            const copy = `lake-${name}`;
            await machine.run(`rm -rf /run/share/${copy}; cp -a ${disk}/lake /run/share/${copy}`);
            return join(machine.share, copy);
          },
        });
      }),
    );
  } finally {
    await machine.stop();
  }
}
