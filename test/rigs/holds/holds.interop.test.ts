import { expect, test } from "bun:test";
import { tryHolds } from "./holds.ts";

test("renames and links that arrive after a take-over lose, double and misstate nothing", async () => {
  const lines: string[] = [];
  const seed = 1;
  const found = await tryHolds({ seed, minutes: 20, cases: 5, say: (line) => lines.push(line) });
  expect({ seed, found }).toEqual({ seed, found: [] });
  expect(lines.filter((line) => line.endsWith(": ok")).length).toBe(5);
}, 1_300_000);
