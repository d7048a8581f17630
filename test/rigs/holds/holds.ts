import { createRandom } from "../random.ts";
import type { Rig } from "../rig.ts";
import { type HoldCase, listMoves, runHoldCase, STORIES } from "./hold-case.ts";
import { makeTemplate, removeTemplate } from "./world.ts";

export const holdsRig: Rig = {
  summary: "holds back each rename and link of a host beyond a take-over, as a dead network does",
  run: async ({ seed, minutes, say }) => {
    const deadline = Date.now() + minutes * 60_000;
    const template = await makeTemplate();
    const found: string[] = [];
    let tried = 0;
    try {
      const cases: HoldCase[] = [];
      for (const story of Object.keys(STORIES)) {
        const moves = await listMoves(template, story);
        say(`${story}: ${moves.length} renames and links`);
        cases.push(...moves.map((_, move) => ({ story, move })));
      }
      for (const each of shuffled(cases, seed)) {
        if (Date.now() > deadline) break;
        const { held, faults } = await runHoldCase(template, each);
        if (held === undefined) continue;
        tried++;
        say(`${each.story} ${each.move}: ${held}: ${faults.length === 0 ? "ok" : `${faults.length} faults`}`);
        found.push(...faults.map((fault) => `${each.story} ${each.move} (${held}): ${fault}`));
      }
      say(`${tried} of ${cases.length} tried`);
    } finally {
      await removeTemplate(template);
    }
    return found;
  },
};

function shuffled<T>(values: readonly T[], seed: number): T[] {
  const random = createRandom(seed);
  const left = [...values];
  return values.map(() => left.splice(random.below(left.length), 1)[0] as T);
}
