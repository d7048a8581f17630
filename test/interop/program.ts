import { join, resolve } from "node:path";

const MAIN = resolve(import.meta.dir, "../../src/main.ts");

/** A lake below `folder` and the command line on it, from source. */
export interface Program {
  folder: string;
  lake: string;
  /** Runs `datalake ...args` in the folder and gives its stdout; throws with what it said when it does not end with 0. */
  run(...args: string[]): Promise<string>;
}

/** Nothing of the caller's settings is used: the cache is in the folder too. */
export function createProgram(folder: string): Program {
  const lake = join(folder, "lake");
  const { PATH = "", HOME = "" } = process.env;
  const env = { PATH, HOME, DATALAKE_LAKE: lake, DATALAKE_CACHE: join(folder, "cache") };
  return {
    folder,
    lake,
    run: async (...args) => {
      const child = Bun.spawn([process.execPath, MAIN, ...args], {
        cwd: folder,
        env,
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      });
      const [stdout, stderr] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
      ]);
      const exit = await child.exited;
      if (exit !== 0) throw new Error(`datalake ${args.join(" ")} ended with ${exit}:\n${stdout}\n${stderr}`);
      return stdout;
    },
  };
}
