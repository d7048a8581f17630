import { readdir, readFile } from "node:fs/promises";
import { PROGRAM, type World } from "../jobs/staging-kit.ts";

export interface ServeProcess {
  url: string;
  pid: number;
  /** What it has said so far: a line that it wrote before an answer may still be in the pipe, and is waited for. */
  stderr(): string;
  /** Sends the signal and waits for the end; but for `SIGKILL`, all that it said has come by then. */
  stop(signal?: NodeJS.Signals): Promise<{ exit: number | null; ms: number }>;
}

/** Starts `datalake serve` on a free port and waits until it says where it is. */
export async function startServe(
  world: Omit<World, "tokens">,
  args: string[] = [],
  prefix: string[] = [],
): Promise<ServeProcess> {
  const child = Bun.spawn([...prefix, ...PROGRAM, "serve", "--port", "0", ...args], {
    env: { ...process.env, ...world.env },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  let text = "";
  const found = Promise.withResolvers<string>();
  const listen = async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stderr) {
      text += decoder.decode(chunk, { stream: true });
      const url = /serves .* at (https?:\S+)\s/.exec(text)?.[1];
      if (url) found.resolve(url);
    }
    found.reject(new Error(`serve ended: ${text}`));
  };
  const listening = listen();
  const url = await found.promise;
  return {
    url,
    pid: child.pid,
    stderr: () => text,
    stop: async (signal = "SIGTERM") => {
      const startedMs = performance.now();
      child.kill(signal);
      await child.exited;
      const ms = performance.now() - startedMs;
      // Of one that is killed, what it started may live on for a moment, and has its pipe.
      if (signal !== "SIGKILL") await listening;
      return { exit: child.exitCode, ms };
    },
  };
}

/** The child of a server that does the work, as soon as there is one; from proc_pid_stat(5). */
export async function workerOf({ pid }: Pick<ServeProcess, "pid">): Promise<number> {
  let worker: number | undefined;
  await until(async () => {
    for (const name of await readdir("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
      if (Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) !== pid) continue;
      const command = await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "");
      if (command.includes("__work")) worker = Number(name);
    }
    return worker !== undefined;
  });
  return worker as unknown as number;
}

/** Waits until something holds; fails after `timeoutMs`. */
export async function until(holds: () => Promise<boolean>, timeoutMs = 110_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error("it did not happen in time");
    await Bun.sleep(20);
  }
}
