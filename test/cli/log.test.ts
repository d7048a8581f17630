/** The log of what a command does by itself: for whoever keeps stderr, or asks for it. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import { makeImage, makeWorld, stageUpload } from "../jobs/staging-kit.ts";
import { run, runAtTerminal } from "./harness.ts";

setDefaultTimeout(120_000);

test("a person at a terminal sees no log of the job that fails, unless asked for", async () => {
  const world = await makeWorld();
  try {
    await stageUpload(world, [{ text: "하나", image: await makeImage(1) }]);
    // No program to start for the work: the job fails.
    const start = ["process", "start", "--wait"];
    const plain = await runAtTerminal(start, [], world.env);
    const verbose = await runAtTerminal([...start, "--verbose"], [], world.env);
    const kept = await run(start, { env: world.env });
    expect([plain.exit, verbose.exit, kept.exit]).toEqual([1, 1, 1]);
    expect(plain.stdout).toContain(" failed");
    expect(plain.stderr).not.toContain('{"time"');
    for (const { stderr } of [verbose, kept]) expect(stderr).toContain('"message":"the job failed"');
  } finally {
    await rm(world.folder, { recursive: true, force: true });
  }
});
