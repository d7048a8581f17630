import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dir, "../..");

/** The Python of an environment of `.ci/python/<name>.txt`; throws with the way to make it when it is missing. */
export function pythonOf(name: string): string {
  const python = join(ROOT, ".venv", name, "bin", "python");
  if (existsSync(python)) return python;
  throw new Error(`the Python environment .venv/${name} is missing; make it with: .ci/python-environments`);
}

/** Runs a script of this folder in an environment; throws with what it said when it fails. */
export async function runPython(name: string, script: string, ...args: string[]): Promise<string> {
  const child = Bun.spawn([pythonOf(name), join(import.meta.dir, script), ...args], {
    stdout: "pipe",
    stderr: "pipe",
    env: {
      ...process.env,
      HF_HUB_OFFLINE: "1",
      HF_DATASETS_OFFLINE: "1",
      TQDM_DISABLE: "1",
      PYTHONDONTWRITEBYTECODE: "1",
    },
  });
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) !== 0)
    throw new Error(`${script} ${args.join(" ")} in .venv/${name} failed:\n${stderr}`);
  return stdout;
}
