/** An upload that is stored, and that the catalog lacks: what the list says, and a search for it. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import { runJob } from "../../src/jobs/run-job.ts";
import { silentLogger } from "../../src/log.ts";
import { makeImage, makeWorld, PROGRAM, runProgram, stageUpload, type World } from "./staging-kit.ts";

setDefaultTimeout(120_000);

/** A job that is cancelled between its first upload and the catalog. */
async function stopBeforePublishing({ lake, settings }: World) {
  const controller = new AbortController();
  return runJob({
    lake,
    settings,
    selfCommand: PROGRAM,
    logger: silentLogger,
    signal: controller.signal,
    onChange: ({ uploads }) => {
      if (uploads.some(({ status }) => status === "completed")) controller.abort();
    },
  });
}

test("is listed as stored and not published until a rebuild, and a search says what to do", async () => {
  const world = await makeWorld();
  const ask = async (...args: string[]) => {
    const { stdout, stderr } = await runProgram(world, args);
    return stdout + stderr;
  };
  const marks = async () => {
    const { uploads } = JSON.parse(await ask("process", "list", "--all", "--json"));
    return uploads.map((one: Record<string, unknown>) => [one.dataset, one.status, one.unpublished]);
  };
  try {
    const rows = [{ text: "하나", image: await makeImage(1) }];
    // Where there is no catalog at all yet, and where there is one without it.
    const first = await stageUpload(world, rows, { dataset: "처음" });
    expect((await stopBeforePublishing(world)).status).toBe("cancelled");
    expect(await marks()).toEqual([["처음", "completed", true]]);
    await ask("catalog", "rebuild");
    expect(await marks()).toEqual([["처음", "completed", undefined]]);
    const second = await stageUpload(world, rows, { dataset: "다음" });
    await stopBeforePublishing(world);
    const text = await ask("process", "list", "--all");
    expect(text).toMatch(new RegExp(`${second} +stored, not published +hub/다음`));
    expect(text).toMatch(new RegExp(`${first} +completed +hub/처음`));
    expect(text).toContain("`datalake catalog rebuild` publishes what is stored");
    expect(await ask("search", "--dataset", "다음")).toBe(
      'datalake: the catalog has no dataset "다음" yet: an upload of it is stored, not published; run `datalake catalog rebuild`\n',
    );
    expect(await ask("search", "--dataset", "없음")).toContain('no dataset "없음"; ');
    await ask("catalog", "rebuild");
    expect(await marks()).toEqual([
      ["다음", "completed", undefined],
      ["처음", "completed", undefined],
    ]);
    // What a later job publishes is published.
    await stageUpload(world, rows, { dataset: "다음", mode: "append" });
    await stopBeforePublishing(world);
    expect((await marks()).map(([, , mark]: unknown[]) => mark)).toEqual([true, undefined, undefined]);
    await stageUpload(world, [{ text: "둘", image: await makeImage(2) }], {
      dataset: "다음",
      mode: "append",
    });
    await ask("process", "start", "--wait");
    expect((await marks()).some(([, , mark]: unknown[]) => mark)).toBe(false);
  } finally {
    await rm(world.folder, { recursive: true, force: true });
  }
});
