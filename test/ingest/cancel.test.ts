import { describe, expect, test } from "bun:test";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { executeUpload, type UploadProgress } from "../../src/ingest/execute.ts";
import { localDestination } from "../../src/ingest/local-destination.ts";
import { type IngestKit, RAW, withKit } from "./kit.ts";

async function writeImages(kit: IngestKit, count: number): Promise<string> {
  const folder = join(kit.folder, "images");
  await mkdir(folder);
  for (let n = 0; n < count; n++) await writeFile(join(folder, `${n}.png`), `image ${n}`);
  return folder;
}

/** Stages until `stop` says so, then cancels; gives what the upload said. */
async function cancelWhen(kit: IngestKit, path: string, stop: (progress: UploadProgress) => boolean) {
  const plan = await kit.plan(path, RAW);
  const controller = new AbortController();
  return executeUpload(plan, {
    target: localDestination(kit.lake),
    database: kit.session.database,
    workingFolder: kit.folder,
    maxBytes: 1_000_000,
    signal: controller.signal,
    onProgress: (progress) => {
      if (stop(progress)) controller.abort();
    },
  });
}

async function expectNothingStaged({ lake }: IngestKit): Promise<void> {
  expect(await readdir(lake.layout.incoming)).toEqual([]);
  expect(await readdir(lake.layout.pending)).toEqual([]);
}

describe("a cancelled upload leaves nothing", () => {
  const moments: [string, (progress: UploadProgress) => boolean][] = [
    ["among the images", ({ step, rowsDone }) => step === "contents" && rowsDone > 0],
    ["before the rows", ({ step }) => step === "rows"],
    ["before the sync", ({ step }) => step === "sync"],
  ];
  for (const [name, stop] of moments) {
    test(name, async () => {
      await withKit(async (kit) => {
        const path = await writeImages(kit, 300);
        await expect(cancelWhen(kit, path, stop)).rejects.toMatchObject({ code: "cancelled" });
        await expectNothingStaged(kit);
        expect((await kit.stage(path)).manifest.rows).toBe(300); // and the session still works
      });
    });
  }

  test("before it began", async () => {
    await withKit(async (kit) => {
      const plan = await kit.plan(await writeImages(kit, 1));
      const options = {
        target: localDestination(kit.lake),
        database: kit.session.database,
        workingFolder: "/",
        maxBytes: 1e6,
      };
      const staged = executeUpload(plan, { ...options, signal: AbortSignal.abort() });
      await expect(staged).rejects.toMatchObject({ code: "cancelled" });
      await expectNothingStaged(kit);
    });
  });
});

test("an upload that fails half-way leaves nothing", async () => {
  await withKit(async (kit) => {
    const rows = Array.from({ length: 5000 }, (_, n) => `{"n": ${n}}`).join("\n");
    const path = join(kit.folder, "rows.jsonl");
    await writeFile(path, rows);
    const plan = await kit.plan(path);
    await rm(join(kit.folder, "scratch"), { recursive: true }); // the disk under the work files is gone
    const options = {
      target: localDestination(kit.lake),
      database: kit.session.database,
      workingFolder: "/",
      maxBytes: 1e6,
    };
    await expect(executeUpload(plan, options)).rejects.toBeInstanceOf(Error);
    await expectNothingStaged(kit);
  });
});
