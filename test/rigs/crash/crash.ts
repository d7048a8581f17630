import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRandom } from "../random.ts";
import type { Rig, RigOptions } from "../rig.ts";
import { type Recording, record } from "./record.ts";
import { recover } from "./recover.ts";
import { crashState, fingerprint, type State } from "./state.ts";

export const crashRig: Rig = {
  summary: "replays what a disk may hold after a power cut, and lets the executable recover",
  run: async (options) => {
    const recording = await recordFresh();
    return tryStates(recording, { ...options, states: Number.POSITIVE_INFINITY });
  },
};

export async function recordFresh(): Promise<Recording> {
  const folder = await mkdtemp(join(tmpdir(), "datalake-record-"));
  try {
    return await record(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export interface StatesOptions extends RigOptions {
  /** How many different states are tried at most. */
  states: number;
  /** How many at once. */
  atOnce?: number;
  /** Which state a crash leaves; the tests put a wrong one there. */
  stateAt?: typeof crashState;
}

/** Recovers from one state after the other, several at once; gives every fault with the seed that shows it again. */
export async function tryStates(recording: Recording, options: StatesOptions): Promise<string[]> {
  const { seed, states, say, stateAt = crashState, atOnce = navigator.hardwareConcurrency } = options;
  const deadline = Date.now() + options.minutes * 60_000;
  const last = recording.commands.at(-1)?.ended ?? 0;
  const seen = new Set<string>();
  const found: string[] = [];
  let next = seed;
  let tried = 0;
  /** The next state that was not tried yet; undefined at the end. */
  const draw = (): { state: State; line: number; seed: number } | undefined => {
    while (tried < states && Date.now() < deadline) {
      const mine = next++;
      const random = createRandom(mine);
      const line = 1 + random.below(last);
      const state = stateAt(recording.disk, line, random);
      const print = `${fingerprint(state)} ${recording.commands.filter(({ ended }) => ended <= line).length}`;
      if (seen.has(print)) continue;
      seen.add(print);
      tried++;
      return { state, line, seed: mine };
    }
    return undefined;
  };
  const work = async () => {
    for (let drawn = draw(); drawn; drawn = draw()) {
      const folder = await mkdtemp(join(tmpdir(), "datalake-crash-"));
      const faults = await recover(recording, drawn.state, drawn.line, folder);
      const where = recording.commands.find(({ ended }) => ended > (drawn?.line ?? 0))?.name ?? "the end";
      found.push(...faults.map((fault) => `seed ${drawn?.seed}, in ${where}: ${fault}`));
      await rm(folder, { recursive: true, force: true });
      if (tried % 50 === 0) say(`${tried} states, ${found.length} faults`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  say(`${tried} states, ${found.length} faults`);
  return found;
}
