import { expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import type { JobRecord } from "../../src/schema/job.ts";
import { LONG } from "../long.ts";
import {
  every,
  type Fault,
  FOLDERS,
  LINKS,
  type Outcome,
  PROCESS,
  REMOVALS,
  RENAMES,
  readOutcome,
  runWithFault,
  SYNCS,
} from "./fault-kit.ts";
import {
  makeImage,
  makeWorld,
  readRows,
  runProgram,
  type StagedRowInput,
  stageUpload,
  type World,
} from "./staging-kit.ts";

setDefaultTimeout(120_000);

/** Every kind of upload, with ids that sort as they stand here and are the same in each world. */
async function stageAll(world: World): Promise<void> {
  let count = 0;
  const stage = (rows: StagedRowInput[], options: Parameters<typeof stageUpload>[2]) =>
    stageUpload(world, rows, { ...options, upload_id: `u${String(++count).padStart(32, "0")}` });
  const pages = async (from: number, until: number, format: "jpeg" | "png" = "jpeg") =>
    Promise.all(
      Array.from({ length: until - from }, async (_, at) => ({
        text: `${from + at}`,
        name: `${from + at}.jpg`,
        image: await makeImage(from + at, format),
      })),
    );
  const broken = { text: "broken", name: "broken.jpg", image: Buffer.from("not an image") };
  await stage([...(await pages(0, 8)), ...(await pages(20, 24, "png"))], {});
  await stage([...(await pages(6, 10)), broken], { mode: "append", max_rejects: "1" });
  await stage(
    ["0.jpg", "9.jpg", "nowhere.jpg"].map((reference) => ({ text: reference, reference })),
    { task: "ocr", reference: "source_name", max_rejects: "1" },
  );
  await stage(await pages(0, 3), { dataset: "other" });
  await stage(await pages(3, 5), { dataset: "other", mode: "append" });
  await stage(await pages(7, 9), { dataset: "other", mode: "replace" });
}

async function undisturbed(): Promise<Outcome> {
  const world = await makeWorld();
  await stageAll(world);
  const { exit, stderr } = await runProgram(world, PROCESS);
  if (exit !== 3) throw new Error(stderr);
  const outcome = await readOutcome(world);
  expect(outcome.left).toEqual([]);
  expect(Object.keys(outcome.rejects)).toHaveLength(2);
  expect(await readRows(world, "raw", "image", "other")).toHaveLength(2);
  return outcome;
}

const SAMPLED: Fault[] = [
  { process: "child", calls: RENAMES, when: 5 },
  { process: "child", calls: LINKS, when: 4 },
  { process: "child", calls: SYNCS, when: 9 },
  { process: "parent", calls: RENAMES, when: 4 },
  { process: "parent", calls: REMOVALS, when: 3 },
];
const WHOLE: Fault[] = [
  ...every("child", RENAMES, 30),
  ...every("child", LINKS, 24, 3),
  ...every("child", SYNCS, 60, 3),
  ...every("child", REMOVALS, 30, 3),
  ...every("child", FOLDERS, 30, 6),
  ...every("parent", RENAMES, 14),
  ...every("parent", REMOVALS, 20, 4),
];
const FAULTS = LONG ? WHOLE : SAMPLED;

const expected = undisturbed();

for (const fault of FAULTS) {
  const name = `${fault.process} killed at ${fault.calls} ${fault.when}`;
  test(`${name}: once started again, all is as if nothing had happened`, async () => {
    const world = await makeWorld();
    world.env.UV_THREADPOOL_SIZE = "1"; // strace counts by thread
    await stageAll(world);
    await runWithFault(world, fault, "signal=SIGKILL");
    const second = await runProgram(world, PROCESS);
    expect([0, 3]).toContain(second.exit ?? -1);
    const job: JobRecord = JSON.parse(second.stdout);
    expect(job.status).toBe("completed");
    expect(await readOutcome(world)).toEqual(await expected);
    await rm(world.folder, { recursive: true });
  });
}

const APPENDED: Fault[] = LONG
  ? [...every("child", RENAMES, 12), ...every("child", SYNCS, 20), ...every("child", REMOVALS, 20)]
  : [
      { process: "child", calls: RENAMES, when: 4 },
      { process: "child", calls: SYNCS, when: 8 },
    ];

for (const fault of APPENDED) {
  const name = `${fault.process} killed at ${fault.calls} ${fault.when}`;
  test(`${name} while an append goes to the small file: readers see all before, or all after`, async () => {
    const world = await makeWorld({ DATALAKE_CATALOG_RECENT_FROM: "0B", UV_THREADPOOL_SIZE: "1" });
    await stageUpload(world, [{ text: "a" }, { text: "b" }]);
    expect(await runProgram(world, PROCESS)).toMatchObject({ exit: 0 });
    await stageUpload(world, [{ text: "c" }], { mode: "append" });
    const count = async () => {
      const { stdout } = await runProgram(world, ["sql", "SELECT count(*) AS n FROM catalog", "--json"]);
      return JSON.parse(stdout).rows[0].n as number;
    };
    await runWithFault(world, fault, "signal=SIGKILL");
    expect([2, 3]).toContain(await count());
    expect(await runProgram(world, PROCESS)).toMatchObject({ exit: 0 });
    await runProgram(world, ["catalog", "rebuild"]);
    expect(await count()).toBe(3);
    expect((await readOutcome(world)).left).toEqual([]);
    await rm(world.folder, { recursive: true });
  });
}
