/** Labels are read by the view of their task when they are processed: reported, or rejected on request. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { UploadOutcome } from "../../src/schema/job.ts";
import { makeImage, makeWorld, runProgram, type World } from "./staging-kit.ts";

setDefaultTimeout(120_000);

let world: World;
const VIEW = { items: "$.words", box: "bbox", form: "xywh", text: "text" };

beforeAll(async () => {
  world = await makeWorld();
  const scans = join(world.folder, "scans");
  await mkdir(scans);
  for (let at = 0; at < 3; at++) await writeFile(join(scans, `쪽${at}.jpg`), await makeImage(at));
  await upload(scans, "--type", "raw");
  const view = join(world.folder, "view.json");
  await writeFile(view, JSON.stringify(VIEW));
  await program("config", "task", "edit", "ocr", "--view", view);
});

afterAll(() => rm(world.folder, { recursive: true, force: true }));

async function program(...argv: string[]) {
  const { exit, stdout, stderr } = await runProgram(world, [...argv, "--json", "--quiet"]);
  return { exit, stderr, document: JSON.parse(stdout) };
}

const upload = (input: string, ...argv: string[]) =>
  program("upload", input, "--provider", "hub", "--dataset", "pages", "--wait", ...argv);

/** Pages are 24 x 16 pixels; the second box reaches outside, the third is none. */
async function uploadLabels(
  variant: string,
  ...argv: string[]
): Promise<{ exit: number | null; outcome: UploadOutcome }> {
  const boxes = [[1, 1, 20, 10], [20, 10, 20, 10], "none"];
  const rows = boxes.map((bbox, at) => ({
    source_name: `쪽${at}.jpg`,
    label: { words: [{ bbox, text: "a" }] },
  }));
  const file = join(world.folder, `${variant}.jsonl`);
  await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const task = ["--type", "task", "--task", "ocr", "--variant", variant, "--meta", "lang=ko"];
  const { exit, document } = await upload(file, ...task, ...argv);
  return { exit, outcome: document.outcome ?? document };
}

describe("labels of a task with a view", () => {
  test("are all kept, and those that do not fit are told", async () => {
    const { exit, outcome } = await uploadLabels("told");
    expect(exit).toBe(0);
    expect(outcome).toMatchObject({
      status: "completed",
      rows: 3,
      rejected: 0,
      labels: {
        checked: 3,
        unfit: 2,
        faults: { box_outside: 1, box_unreadable: 1 },
        first: [
          { source_row: 1, source_name: "쪽1.jpg", kind: "box_outside", at: "$.words[0]" },
          { source_row: 2, source_name: "쪽2.jpg", kind: "box_unreadable" },
        ],
      },
    });
    const { stdout } = await runProgram(world, ["process", "status"]);
    expect(stdout).not.toContain("failed");
  });

  test("that are in another column than the view says are told", async () => {
    const file = join(world.folder, "others.jsonl");
    await writeFile(file, `${JSON.stringify({ source_name: "쪽0.jpg", words: [{ bbox: [1, 1, 2, 2] }] })}\n`);
    const task = ["--type", "task", "--task", "ocr", "--variant", "others", "--meta", "lang=ko"];
    expect((await upload(file, ...task)).exit).toBe(0);
    const { stdout } = await runProgram(world, ["process", "status"]);
    expect(stdout).toContain("none of 1 row has a label where the view of ocr looks");
  });

  test("are rejected with --strict, by row and reason", async () => {
    const { exit, outcome } = await uploadLabels("strict", "--strict", "--max-rejects", "2");
    expect([exit, outcome.status, outcome.rows, outcome.rejected]).toEqual([3, "completed", 1, 2]);
    const { document } = await program("process", "rejects", outcome.upload_id);
    expect(document.rejects).toMatchObject([
      {
        source_row: 1,
        reason: expect.stringContaining("its label does not fit the view: $.words[0]: the box from"),
      },
      { source_row: 2, reason: expect.stringContaining('"none"') },
    ]);
    const { document: found } = await program("search", "--variant", "strict");
    expect(found.rows.map((row: { source_row: number }) => row.source_row)).toEqual([0]);
  });

  test("fail as a whole where more are rejected than --max-rejects allows", async () => {
    const { exit, outcome } = await uploadLabels("many", "--strict");
    expect([exit, outcome.status, outcome.error?.code]).toEqual([1, "failed", "too_many_rejects"]);
  });

  test("without a column of labels are none", async () => {
    const file = join(world.folder, "other.jsonl");
    await writeFile(file, `${JSON.stringify({ source_name: "쪽0.jpg", answer: "a" })}\n`);
    const task = ["--type", "task", "--task", "ocr", "--variant", "other", "--meta", "lang=ko"];
    const { document } = await upload(file, ...task);
    expect(document.outcome).toMatchObject({ rows: 1, labels: { checked: 0, unfit: 0 } });
  });
});

test("labels that are columns of the row are read too", async () => {
  await program("config", "task", "create", "qa", "--required", "lang");
  const view = join(world.folder, "qa.json");
  await writeFile(view, JSON.stringify({ shape: "docvqa", column: "*" }));
  await program("config", "task", "edit", "qa", "--view", view);
  const file = join(world.folder, "qa.jsonl");
  const rows = [
    { source_name: "쪽0.jpg", question: "합계는?", answers: ["1", "2"] },
    { source_name: "쪽1.jpg", question: "[어디]?", answers: [] },
    { source_name: "쪽2.jpg", question: null, answers: ["1"] },
  ];
  await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const task = ["--type", "task", "--task", "qa", "--variant", "base", "--meta", "lang=ko"];
  const { document } = await upload(file, ...task);
  expect(document.outcome.labels).toMatchObject({
    checked: 3,
    unfit: 1,
    first: [{ source_row: 2, kind: "no_items", message: "there is no question at question" }],
  });
  const { document: checked } = await program("view", "check", "--task", "qa");
  expect(checked).toMatchObject({ labels: 3, fitting: 2, questions: 2, faults: { no_items: 1 } });
});

test("--strict without a view is a usage error, before anything is staged", async () => {
  await program("config", "task", "edit", "ocr", "--view", "none");
  const { exit, outcome } = await uploadLabels("none", "--strict");
  expect([exit, outcome.error]).toEqual([2, expect.objectContaining({ code: "usage" })]);
  expect((await uploadLabels("none")).outcome).not.toHaveProperty("labels");
});
