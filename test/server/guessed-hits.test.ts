/** Where a searched text stands on pages whose labels nobody gave a view. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import type { HitsDocument } from "../../src/schema/page-documents.ts";
import { makeWorld, runProgram, type World } from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe } from "./server-kit.ts";

setDefaultTimeout(120_000);

const PAGES = 8;
let world: World;
let server: ServeProcess;

async function run(...args: string[]) {
  const { exit, stderr } = await runProgram(world, args);
  if (exit !== 0) throw new Error(`${args.join(" ")}: ${stderr}`);
}

/** Of PaddleOCR, whose four points can be meant in one way alone. */
const sure = (page: number) => [
  {
    transcription: `영수증 ${page}`,
    points: [
      [10, 20],
      [110, 20],
      [110, 50],
      [10, 50],
    ],
  },
];
/** Corners, or a corner and a size. */
const open = (page: number) => ({ words: [{ text: `영수증 ${page}`, bbox: [10, 20, 110, 50] }] });
const nothing = (page: number) => ({ note: `영수증 ${page}` });
const mixed = (page: number) => (page === 1 ? nothing(page) : sure(page));

beforeAll(async () => {
  world = await makeWorld();
  const scans = join(world.folder, "scans");
  const nameOf = (page: number) => `쪽-${page}.png`;
  for (let page = 0; page < PAGES; page++) {
    const background = { r: page * 9, g: 200, b: 20 };
    const image = sharp({ create: { width: 320, height: 200, channels: 3, background } });
    await Bun.write(join(scans, nameOf(page)), await image.png().toBuffer());
  }
  const at = ["--provider", "hub", "--dataset", "책"];
  await run("upload", scans, "--type", "raw", ...at);
  await run("config", "task", "create", "free");
  for (const [variant, label] of Object.entries({ sure, open, nothing, mixed })) {
    const lines = Array.from({ length: PAGES }, (_, page) =>
      // The first has no label.
      JSON.stringify({
        source_name: nameOf(page),
        label: page === 0 ? null : label(page),
        note: `영수증 ${page}`,
      }),
    );
    const file = join(world.folder, `${variant}.jsonl`);
    await writeFile(file, lines.join("\n"));
    await run("upload", file, "--type", "task", ...at, "--task", "free", "--variant", variant);
  }
  await run("process", "start", "--wait");
  server = await startServe(world);
});
afterAll(() => server?.stop());

async function hits(variant: string, place = ""): Promise<HitsDocument["rows"]> {
  const query = `tasks=free&variants=${variant}&text=${encodeURIComponent("영수증")}${place}`;
  const response = await fetch(`${server.url}/hits?${query}`);
  return ((await response.json()) as HitsDocument).rows;
}

test("they are told by the one view that fits, as a guess, until somebody gives one", async () => {
  // Of a row without a label nothing is known; the next ones are looked at all the same.
  expect(await hits("sure", "&at=0&count=1")).toEqual([]);
  const found = await hits("sure");
  expect(found).toHaveLength(PAGES - 1);
  for (const row of found) {
    expect(row).toMatchObject({ boxes: [[10, 20, 110, 50]], hits: 1, is_guess: true });
  }
  expect(await hits("sure", "&at=3&count=2")).toEqual(found.slice(2, 4));
  await run("config", "task", "edit", "free", "--view", "paddleocr", "--partition", "hub/책/sure");
  expect((await hits("sure")).map((row) => row.is_guess)).toEqual(Array(PAGES - 1).fill(false));
});

test("where several views fit, or none, nothing is marked", async () => {
  expect(await hits("open")).toEqual([]);
  expect(await hits("nothing")).toEqual([]);
});

test("a label that no view fits hides none of the others", async () => {
  expect(await hits("mixed", "&at=1&count=1")).toEqual([]);
  expect((await hits("mixed", "&at=2&count=1")).map((row) => row.is_guess)).toEqual([true]);
  expect(await hits("mixed")).toHaveLength(PAGES - 2);
});
