import { expect, setDefaultTimeout, test } from "bun:test";
import { recordFresh, tryStates } from "./crash.ts";
import { crashState } from "./state.ts";

setDefaultTimeout(1_800_000);

const options = { seed: 1, minutes: 25, say: () => {} };
const recording = recordFresh();

test("whatever a power cut leaves, the executable recovers from it", async () => {
  expect(await tryStates(await recording, { ...options, states: 90 })).toEqual([]);
});

test("a disk that keeps nothing it was told to keep is found out", async () => {
  const forgetful = await tryStates(await recording, {
    ...options,
    states: 8,
    stateAt: (disk, line, random) => crashState({ changes: disk.changes, syncs: [] }, line, random),
  });
  expect(forgetful.filter((fault) => /is lost|not configured|not there/.test(fault))).not.toEqual([]);
});
