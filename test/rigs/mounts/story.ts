import { checkLake } from "../lake-check.ts";
import { type Commands, createCommands } from "./commands.ts";
import type { Place } from "./place.ts";
import { readingSteps } from "./reading-steps.ts";
import { servingSteps } from "./serving-steps.ts";
import { type Step, writingSteps } from "./writing-steps.ts";

export const STEPS: Step[] = [...writingSteps, ...servingSteps, ...readingSteps];

/** What went wrong in each step; an empty list is a step that held. */
export type StoryResult = Map<string, string[]>;

/** Runs every step of the story at a place, one after the other: what one leaves behind the next ones meet. */
export async function runStory(
  place: Place,
  say: (line: string) => void,
  wanted: (name: string) => boolean = () => true,
): Promise<StoryResult> {
  const result: StoryResult = new Map();
  let faults: string[] = [];
  const commands = createCommands(place, (message) => {
    faults.push(message);
    say(`${place.name}, wrong: ${message}`);
  });
  for (const step of STEPS) {
    if (!wanted(step.name)) continue;
    faults = [];
    const started = performance.now();
    try {
      await step.run(commands);
      if (step.changesRows) await checkRows(commands);
    } catch (error) {
      commands.wrong(`the step broke off: ${(error as Error).stack}`);
    }
    result.set(step.name, faults);
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    say(
      `${place.name}, ${step.name}: ${faults.length === 0 ? "ok" : `${faults.length} wrong`} (${seconds} s)`,
    );
  }
  return result;
}

/** Counts the rows of every upload, by the files on the server's disk. */
async function checkRows({ place, acknowledged, wrong }: Commands): Promise<void> {
  const lake = await place.fetchLake();
  for (const fault of await checkLake(lake, { acknowledged, settled: true, withoutModes: place.isSmb }))
    wrong(fault);
}
