import type { BenchContext } from "./benchmark.ts";

export interface Server {
  url: string;
  pid: number;
  stop(): Promise<void>;
}

/** The compiled server on a lake, on a free port. */
export async function startServer(
  { binary }: Pick<BenchContext, "binary">,
  env: Record<string, string>,
  args: readonly string[] = [],
): Promise<Server> {
  const child = Bun.spawn([binary, "serve", "--port", "0", ...args], {
    env: { ...process.env, ...env },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const decoder = new TextDecoder();
  let text = "";
  const found = Promise.withResolvers<string>();
  const listen = async () => {
    for await (const chunk of child.stderr) {
      text = (text + decoder.decode(chunk, { stream: true })).slice(-10_000);
      const url = /serves .* at (http:\S+)/.exec(text)?.[1];
      if (url !== undefined) found.resolve(url);
    }
    found.reject(new Error(`serve ended: ${text}`));
  };
  void listen();
  return {
    url: await found.promise,
    pid: child.pid,
    stop: async () => {
      child.kill();
      await child.exited;
    },
  };
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
