/** An emulated machine with the real SMB and NFS clients of a Linux kernel; its root is this machine's, read-only. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { prepareKernel } from "./kernel.ts";
import type { Shell } from "./shell.ts";

export interface Machine extends Shell {
  /** What both sides see; `/run/share` there. */
  share: string;
  stop(): Promise<void>;
}

const BOOT_LIMIT_MS = 600_000;
const POLL_MS = 50;

/** Boots it and waits until everything is mounted. `folder` is empty; `binary` becomes `/run/datalake` there. */
export async function startMachine(folder: string, binary: string): Promise<Machine> {
  const { image, initrd } = await prepareKernel();
  const share = join(folder, "share");
  for (const name of ["in", "out"]) await mkdir(join(share, name), { recursive: true });
  await Bun.write(join(share, "datalake"), Bun.file(binary));
  await Bun.spawn(["chmod", "755", join(share, "datalake")]).exited;
  const disk = join(folder, "disk.raw");
  await Bun.spawn(["truncate", "-s", "4G", disk]).exited;
  const init = join(import.meta.dir, "machine.sh");
  // Emulated, for where KVM is there it may be one that runs kernels made for it alone.
  const child = Bun.spawn(
    [
      "qemu-system-x86_64",
      ..."-accel tcg,thread=multi,tb-size=1024 -cpu max -smp 2 -m 8192".split(" "),
      ...`-display none -serial file:${join(folder, "console.log")} -no-reboot -nic none`.split(" "),
      ...["-kernel", image, "-initrd", initrd],
      ...["-append", `console=ttyS0 panic=-1 quiet edd=off mitigations=off rig=${init}`],
      ...["-drive", `file=${disk},if=virtio,format=raw,cache=unsafe`],
      ...["-virtfs", "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap"],
      ...["-virtfs", `local,path=${share},mount_tag=share,security_model=none`],
    ],
    { stdin: "ignore", stdout: "ignore", stderr: "inherit" },
  );
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      child.kill("SIGKILL");
      process.exit(130);
    });
  }
  const machine = { share, run: createRunner(share), stop: () => stop(child) };
  if (await appears(join(share, "ready"), BOOT_LIMIT_MS, child)) return machine;
  await machine.stop();
  const tail = (await readFile(join(folder, "console.log"), "utf8").catch(() => "")).slice(-2000);
  throw new Error(`the machine did not start; its console ends with: ${tail}`);
}

function createRunner(share: string): Shell["run"] {
  let count = 0;
  return async (script, limitMs = 600_000) => {
    const name = `s${++count}`;
    const place = (kind: string) => join(share, "out", `${name}.${kind}`);
    const [out, err, code] = [place("out"), place("err"), place("code")];
    await writeFile(join(share, name), script);
    await rename(join(share, name), join(share, "in", name));
    if (!(await isWritten(code, limitMs))) return { code: null, stdout: "", stderr: "did not end in time" };
    const read = (path: string) => readFile(path, "utf8");
    return { code: Number(await read(code)), stdout: await read(out), stderr: await read(err) };
  };
}

async function isWritten(path: string, limitMs: number): Promise<boolean> {
  const deadline = Date.now() + limitMs;
  while (Bun.file(path).size === 0) {
    if (Date.now() > deadline) return false;
    await Bun.sleep(POLL_MS);
  }
  return true;
}

async function appears(path: string, limitMs: number, child?: Subprocess): Promise<boolean> {
  const deadline = Date.now() + limitMs;
  while (!(await Bun.file(path).exists())) {
    if (Date.now() > deadline || (child !== undefined && child.exitCode !== null)) return false;
    await Bun.sleep(POLL_MS);
  }
  return true;
}

async function stop(child: Subprocess): Promise<void> {
  child.kill("SIGKILL");
  await child.exited;
}
