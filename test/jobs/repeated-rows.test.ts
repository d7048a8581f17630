import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describeUpload } from "../../src/cli/commands/process/job-text.ts";
import { hashFile } from "../../src/lake/digest.ts";
import { createUploadLayout } from "../../src/lake/layout.ts";
import type { JobRecord } from "../../src/schema/job.ts";
import { withKit } from "../ingest/kit.ts";
import { makeImage, makeWorld, runProgram, stageUpload } from "./staging-kit.ts";

setDefaultTimeout(120_000);

test("an append of the rows of an earlier upload names that upload, one of other rows none", async () => {
  const world = await makeWorld();
  // Stored as JPEG: no asset has the digest of what comes again.
  const image = await makeImage(1, "png");
  const row = { text: "글", name: "1.png", image };
  const first = await stageUpload(world, [row]);
  const again = await stageUpload(world, [row], { mode: "append" });
  const other = await stageUpload(world, [{ ...row, text: "말" }], { mode: "append" });
  const anew = await stageUpload(world, [row], { mode: "replace" });
  const { stdout, stderr } = await runProgram(world, ["process", "start", "--wait", "--json"]);
  if (stdout === "") throw new Error(stderr);
  const job = JSON.parse(stdout) as JobRecord;
  const outcomeOf = (id: string) => job.uploads.find(({ upload_id }) => upload_id === id);
  for (const id of [first, other, anew]) {
    expect(outcomeOf(id)).toMatchObject({ status: "completed", rows: 1 });
    expect(outcomeOf(id)?.repeats).toBeUndefined();
  }
  const repeated = outcomeOf(again);
  if (repeated === undefined) throw new Error("the job has not processed it");
  expect(repeated).toMatchObject({ status: "completed", rows: 1 });
  const uploaded_at = outcomeOf(first)?.uploaded_at ?? "";
  expect(repeated.repeats).toEqual({ upload_id: first, uploaded_at });
  expect(describeUpload(repeated)).toContain(`upload ${first} (${uploaded_at.slice(0, 10)}) brought exactly`);
});

test("the same input is staged as the same bytes, by which it is known", async () => {
  await withKit(async (kit) => {
    const folder = join(kit.folder, "in");
    await mkdir(folder);
    for (let at = 0; at < 300; at++) {
      await writeFile(join(folder, `${at}.jpg`), `\xff\xd8\xff a page ${at}`, "latin1");
      await writeFile(join(folder, `${at}.json`), JSON.stringify({ 글: at }));
    }
    const digests: string[] = [];
    for (const mode of ["create", "append", "append"] as const) {
      if (digests.length === 2) await writeFile(join(folder, "7.json"), JSON.stringify({ 글: 8 }));
      const { manifest } = await kit.stage(folder, { mode });
      const layout = createUploadLayout(join(kit.lake.layout.pending, manifest.upload_id));
      digests.push(await hashFile(layout.rows.stagedAt));
    }
    expect(digests[1]).toBe(digests[0] as string);
    expect(digests[2]).not.toBe(digests[0] as string);
  });
});
