import { expect, setDefaultTimeout, test } from "bun:test";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { createUploadLayout } from "../../src/lake/layout.ts";
import { readStagedJson } from "../../src/lake/staged-file.ts";
import { UploadFailureSchema } from "../../src/schema/upload.ts";
import { LONG } from "../long.ts";
import {
  every,
  type Fault,
  FOLDERS,
  LINKS,
  type Outcome,
  PROCESS,
  RENAMES,
  readOutcome,
  runWithFault,
  SYNCS,
} from "./fault-kit.ts";
import { makeImage, makeWorld, runProgram, stageUpload, type World } from "./staging-kit.ts";

setDefaultTimeout(120_000);

const WRITES = "write,pwrite64,ftruncate";

async function stageThree(world: World): Promise<void> {
  for (const [at, dataset] of ["a", "b", "c"].entries()) {
    const formats = ["jpeg", "jpeg", "png", "jpeg"] as const;
    const images = await Promise.all(formats.map((format, seed) => makeImage(seed + at, format)));
    const rows = images.map((image, row) => ({ text: `${row}`, name: `${row}`, image }));
    await stageUpload(world, rows, { dataset, upload_id: `u${String(at).padStart(32, "0")}` });
  }
}

async function undisturbed(): Promise<Outcome> {
  const world = await makeWorld();
  await stageThree(world);
  const { exit, stderr } = await runProgram(world, PROCESS);
  if (exit !== 0) throw new Error(stderr);
  return readOutcome(world);
}

const SAMPLED: [Fault, string][] = [
  [{ process: "child", calls: LINKS, when: 5 }, "ENOSPC"],
  [{ process: "child", calls: SYNCS, when: 12 }, "EIO"],
  [{ process: "child", calls: RENAMES, when: 6 }, "EIO"],
  [{ process: "child", calls: WRITES, when: 40 }, "ENOSPC"],
  [{ process: "parent", calls: RENAMES, when: 3 }, "EIO"],
];
const WHOLE: [Fault, string][] = [
  ...every("child", LINKS, 12),
  ...every("child", SYNCS, 40, 4),
  ...every("child", RENAMES, 16, 2),
  ...every("child", FOLDERS, 20, 5),
  ...every("child", WRITES, 120, 12),
  ...every("parent", RENAMES, 10, 2),
  ...every("parent", SYNCS, 16, 4),
].map((fault, at) => [fault, at % 2 === 0 ? "ENOSPC" : "EIO"]);

const expected = undisturbed();

for (const [fault, error] of LONG ? WHOLE : SAMPLED) {
  test(`${error} at ${fault.calls} ${fault.when} of the ${fault.process}: failed with the reason, or retried`, async () => {
    const world = await makeWorld();
    world.env.UV_THREADPOOL_SIZE = "1"; // strace counts by thread
    await stageThree(world);
    await runWithFault(world, fault, `error=${error}`).catch((failure) => {
      expect(["io", "no_space"]).toContain(failure.code);
    });
    const { failed } = world.lake.layout;
    for (const uploadId of (await readdir(failed)).sort()) {
      const reason = await readStagedJson(
        createUploadLayout(join(failed, uploadId)).error,
        UploadFailureSchema,
      );
      expect(reason?.message).not.toBe("");
      expect((await runProgram(world, ["process", "retry", uploadId])).exit).toBe(0);
    }
    const second = await runProgram(world, PROCESS);
    expect([second.exit, second.exit === 0 ? "" : second.stdout]).toEqual([0, ""]);
    expect(await readOutcome(world)).toEqual(await expected);
    await rm(world.folder, { recursive: true });
  });
}
