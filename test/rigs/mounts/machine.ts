/**
 * A Linux kernel that runs as a program of this machine ("user mode"), with the real SMB and NFS clients and servers; its
 * root is this machine's, read-only. Processor and programs are as quick as outside, system calls take longer.
 */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Subprocess } from "bun";
import type { Shell } from "./shell.ts";

export interface Machine extends Shell {
  /** What both sides see; `/run/share` there. */
  share: string;
  stop(): Promise<void>;
}

const START_LIMIT_MS = 120_000;
const POLL_MS = 20;
/** It is to write out what it has, and to end its own processes. */
const STOP_LIMIT_MS = 20_000;

/** Starts it and waits until everything is mounted. `folder` is empty; `binary` becomes `/run/datalake` there. */
export async function startMachine(folder: string, binary: string): Promise<Machine> {
  const share = join(folder, "share");
  for (const name of ["in", "out"]) await mkdir(join(share, name), { recursive: true });
  await Bun.write(join(share, "datalake"), Bun.file(binary));
  await Bun.spawn(["chmod", "755", join(share, "datalake")]).exited;
  const disk = join(folder, "disk.raw");
  await Bun.spawn(["truncate", "-s", "4G", disk]).exited;
  const init = join(import.meta.dir, "machine.sh");
  const consoleLog = join(folder, "console.log");
  const child = Bun.spawn(
    [
      "linux.uml",
      ..."mem=6G root=/dev/root rootfstype=hostfs rootflags=/ ro con=null con0=null,fd:1 quiet".split(" "),
      ...[`uml_dir=${folder}/`, `ubd0=${disk}`, `share=${share}`, "init=/bin/bash", "--", init],
    ],
    // What is its memory is a file in a folder for temporary ones.
    {
      stdin: "ignore",
      stdout: Bun.file(consoleLog),
      stderr: "inherit",
      env: { ...process.env, TMPDIR: "/dev/shm" },
    },
  );
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      killAll(child);
      process.exit(130);
    });
  }
  const run = createRunner(share);
  const machine = { share, run, stop: () => stop(child, run) };
  if (await appears(join(share, "ready"), START_LIMIT_MS, child)) return machine;
  await machine.stop();
  const tail = (await readFile(consoleLog, "utf8").catch(() => "")).slice(-2000);
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

async function stop(child: Subprocess, run: Shell["run"]): Promise<void> {
  void run("busybox poweroff -f").catch(() => {});
  await Promise.race([child.exited, Bun.sleep(STOP_LIMIT_MS)]);
  killAll(child);
  await child.exited;
}

/** It makes itself the head of a group of processes, which do not end with it. */
function killAll(child: Subprocess): void {
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    child.kill("SIGKILL"); // it has no group yet, or has ended
  }
}
