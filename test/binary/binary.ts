/** The compiled binary for tests: built once when it is missing or older than its sources, and run as a user would. */
import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dir, "../..");
const path = join(root, "dist", "datalake");

let building: Promise<string> | undefined;

/** The path of dist/datalake, fresh. */
export function builtBinary(): Promise<string> {
  building ??= buildWhenStale();
  return building;
}

export interface RunOptions {
  /** The whole environment: nothing is inherited. A PATH without Bun is added. */
  env?: Record<string, string>;
  cwd: string;
}

export interface Run {
  code: number;
  stdout: string;
  stderr: string;
  /** Time on the processor, user and system: unlike the wall's, it does not grow with what else the machine does. */
  cpuMs: number;
}

export async function runBinary(args: string[], options: RunOptions): Promise<Run> {
  return runCommand([await builtBinary(), ...args], options);
}

export async function runCommand(command: string[], { cwd, env = {} }: RunOptions): Promise<Run> {
  const child = Bun.spawn(command, {
    cwd,
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  const cpuMs = Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1000;
  return { code, stdout, stderr, cpuMs };
}

async function buildWhenStale(): Promise<string> {
  const built = await stat(path).catch(() => undefined);
  if (built !== undefined && built.mtimeMs > (await newestSource())) return path;
  const { code, stderr } = await runCommand([process.execPath, "build.ts"], {
    cwd: root,
    env: { ...(process.env as Record<string, string>) },
  });
  if (code !== 0) throw new Error(`the build failed: ${stderr}`);
  return path;
}

async function newestSource(): Promise<number> {
  const folders = await Promise.all(
    ["src", ".ci/build"].map(async (folder) =>
      (await readdir(join(root, folder), { recursive: true })).map((name) => join(folder, name)),
    ),
  );
  const files = [...folders.flat(), "build.ts", "package.json", "bun.lock"];
  const times = await Promise.all(files.map(async (file) => (await stat(join(root, file))).mtimeMs));
  return Math.max(...times);
}
