import { PROGRAM, type World } from "../jobs/staging-kit.ts";

export interface ServeProcess {
  url: string;
  pid: number;
  stderr(): string;
  /** Sends the signal and waits for the end. */
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
      const url = /serves .* at (https?:\S+)/.exec(text)?.[1];
      if (url) found.resolve(url);
    }
    found.reject(new Error(`serve ended: ${text}`));
  };
  void listen();
  const url = await found.promise;
  return {
    url,
    pid: child.pid,
    stderr: () => text,
    stop: async (signal = "SIGTERM") => {
      const startedMs = performance.now();
      child.kill(signal);
      await child.exited;
      return { exit: child.exitCode, ms: performance.now() - startedMs };
    },
  };
}

/** Waits until something holds; fails after `timeoutMs`. */
export async function until(holds: () => Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error("it did not happen in time");
    await Bun.sleep(20);
  }
}
