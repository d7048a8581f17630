import type { Behaviour } from "../fuse/traits.ts";
import { createRandom } from "../random.ts";
import type { Rig, RigOptions } from "../rig.ts";
import { type HoldCase, listMoves, runHoldCase } from "./hold-case.ts";
import { STORIES } from "./stories.ts";
import { makeTemplate, removeTemplate, type Template } from "./world.ts";

const BEHAVIOURS = ["plain", "smb", "stale"] as const;

/** `DATALAKE_RIG_HOLDS=plain,smb/config` limits it, by how names begin. */
function isWanted(name: string): boolean {
  const wanted = process.env.DATALAKE_RIG_HOLDS?.split(",");
  return wanted === undefined || wanted.some((begin) => name.startsWith(begin));
}

export const holdsRig: Rig = {
  summary: "holds back each rename and link of a host beyond a take-over, as a dead network does",
  run: (options) => tryHolds(options),
};

/** Tries the cases, or so many of them, until the time is over. */
export async function tryHolds(options: RigOptions & { cases?: number }): Promise<string[]> {
  const { seed, minutes, say } = options;
  const deadline = Date.now() + minutes * 60_000;
  const template = await makeTemplate();
  const found: string[] = [];
  let tried = 0;
  try {
    const cases = await listCases(template, say);
    for (const each of shuffled(cases, seed).slice(0, options.cases)) {
      if (Date.now() > deadline) break;
      const { held, faults } = await runHoldCase(template, each);
      const name = `${each.behaviour}/${each.story} ${each.move}`;
      tried++;
      say(`${name}: ${held ?? "not reached"}: ${faults.length === 0 ? "ok" : `${faults.length} faults`}`);
      found.push(...faults.map((fault) => `${name} (${held}): ${fault}`));
    }
    say(`${tried} of ${cases.length} tried`);
  } finally {
    await removeTemplate(template);
  }
  return found;
}

type Case = HoldCase & { behaviour: Behaviour };

async function listCases(template: Template, say: RigOptions["say"]): Promise<Case[]> {
  const cases: Case[] = [];
  for (const behaviour of BEHAVIOURS)
    for (const story of Object.keys(STORIES)) {
      const name = `${behaviour}/${story}`;
      if (!isWanted(name)) continue;
      const moves = await listMoves(template, story, behaviour);
      say(`${name}: ${moves.length} renames and links`);
      cases.push(...moves.map((_, move) => ({ story, move, behaviour })));
    }
  return cases;
}

function shuffled<T>(values: readonly T[], seed: number): T[] {
  const random = createRandom(seed);
  const left = [...values];
  return values.map(() => left.splice(random.below(left.length), 1)[0] as T);
}
