import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Rig, RigOptions } from "../rig.ts";

export const parsersRig: Rig = {
  summary: "damages files, documents and headers, and lets every parser read them",
  run: (options) => tryMutations({ ...options, count: Number.POSITIVE_INFINITY }),
};

export interface MutationsOptions extends RigOptions {
  /** How many damaged inputs are read at most. */
  count: number;
  /** The one parser that reads; all without. */
  parser?: string;
  /** How long one may take. */
  patienceMs?: number;
}

const BATCH = 2000;
/** More than this is not waited for. */
const MEMORY_BYTES = 3e9;
/** To load the libraries and make the good inputs, on a machine that may be busy. */
const START_MS = 300_000;

/** Reads damaged inputs in a process of their own, which a fault may end; another goes on behind that input. */
export async function tryMutations(options: MutationsOptions): Promise<string[]> {
  const { seed, say, count } = options;
  const deadline = Date.now() + options.minutes * 60_000;
  const found: string[] = [];
  let tried = 0;
  while (tried < count && Date.now() < deadline) {
    const wanted = Math.min(BATCH, count - tried);
    const batch = await runBatch(seed + tried, wanted, deadline, options);
    found.push(...batch.found);
    tried += batch.tried;
    say(`${tried} damaged inputs, ${found.length} faults`);
    if (batch.tried === 0) break;
  }
  return found;
}

async function runBatch(
  seed: number,
  count: number,
  deadline: number,
  { parser, patienceMs = 60_000 }: MutationsOptions,
): Promise<{ found: string[]; tried: number }> {
  const args = [String(seed), String(count), ...(parser === undefined ? [] : [parser])];
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "child.ts"), ...args], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const stderr = new Response(child.stderr).text();
  let hangs = false;
  let isGreedy = false;
  let waitsUntil = Date.now() + START_MS;
  const watchdog = setInterval(() => {
    hangs ||= Date.now() > waitsUntil;
    isGreedy ||= heldBytes(child.pid) > MEMORY_BYTES;
    if (hangs || isGreedy) child.kill("SIGKILL");
  }, 50);
  const found: string[] = [];
  let current: { seed: number; parser: string } | undefined;
  let name = "";
  let tried = 0;
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    waitsUntil = Date.now() + patienceMs;
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const told = JSON.parse(line);
      if (!told.done) {
        current = told;
        name = told.parser;
        continue;
      }
      if (told.fault !== undefined) found.push(`seed ${told.seed}, ${name}: ${told.fault}`);
      current = undefined;
      tried++;
    }
    // What was begun may be read to its end.
    if (Date.now() > deadline) break;
  }
  const isOver = Date.now() > deadline && !hangs && !isGreedy;
  if (isOver) child.kill("SIGKILL");
  await child.exited;
  clearInterval(watchdog);
  if (!isOver) {
    if (current) {
      const end = hangs
        ? "it hangs"
        : isGreedy
          ? "it takes all memory"
          : `the process ends (${child.signalCode ?? child.exitCode})`;
      found.push(`seed ${current.seed}, ${current.parser}: ${end}`);
      tried++;
    } else if (child.exitCode !== 0 && tried === 0) {
      throw new Error(`the parsers could not be tried: ${await stderr}`);
    }
  }
  return { found, tried };
}

function heldBytes(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * 4096;
  } catch {
    return 0; // it has ended
  }
}
