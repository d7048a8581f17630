/** A folder that has grown is given again: how much of it is there already is said before anything is staged. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { zipOf } from "../ingest/zip-kit.ts";
import { type ServeProcess, startServe } from "../server/server-kit.ts";
import { makeImage, makeWorld, runProgram, type World } from "./staging-kit.ts";

setDefaultTimeout(120_000);

let world: World;
let server: ServeProcess;
const folder = () => join(world.folder, "scans");
const labels = () => join(world.folder, "labels.zip");
const RAW = ["--type", "raw", "--provider", "hub", "--dataset", "grown"];
const TASK = [
  "--type",
  "task",
  "--provider",
  "hub",
  "--dataset",
  "grown",
  "--task",
  "boxes",
  "--variant",
  "v",
];
const ways = () => [[], ["--server", server.url]];

const addPages = async (from: number, to: number) => {
  for (let at = from; at < to; at++) {
    await mkdir(join(folder(), `문서${at % 2}`), { recursive: true });
    await writeFile(join(folder(), `문서${at % 2}`, `${at}.png`), await makeImage(at, "png"));
  }
};
const packLabels = async (count: number) => {
  const names = Array.from({ length: count }, (_, at) => `${at}.json`);
  await writeFile(
    labels(),
    zipOf(names.map((name) => ({ name, data: JSON.stringify({ text: `글 ${name}` }) }))),
  );
};
const upload = (...args: string[]) => runProgram(world, ["upload", ...args]);

beforeAll(async () => {
  world = await makeWorld();
  expect((await runProgram(world, ["config", "task", "create", "boxes"])).exit).toBe(0);
  server = await startServe(world);
  await addPages(0, 4);
  await packLabels(4);
  const wait = ["--server", server.url, "--wait"];
  expect(await upload(folder(), ...RAW, ...wait)).toMatchObject({ exit: 0 });
  expect(await upload(labels(), ...TASK, ...wait)).toMatchObject({ exit: 0 });
});
afterAll(async () => {
  await server.stop("SIGKILL");
  await rm(world.folder, { recursive: true, force: true });
});

test("pages and labels that the partition has are counted by name, here and by a server", async () => {
  await addPages(4, 7);
  await packLabels(6);
  for (const way of ways()) {
    const pages = await upload(folder(), ...RAW, "--mode", "append", ...way);
    expect(pages).toMatchObject({ exit: 0 });
    expect(pages.stderr).toContain(
      "4 of 7 rows are of pages, by name, of which hub/grown/raw/image has rows",
    );
    const boxes = await upload(labels(), ...TASK, "--mode", "append", ...way);
    expect(boxes.stderr).toContain("4 of 6 rows are of pages, by name, of which hub/grown/boxes/v has rows");
  }
});

test("nothing is said of other pages, nor of what is created or replaced", async () => {
  const other = join(world.folder, "other");
  await mkdir(other);
  await writeFile(join(other, "100.png"), await makeImage(100, "png"));
  for (const way of ways()) {
    const told = await Promise.all([
      upload(other, ...RAW, "--mode", "append", ...way),
      upload(folder(), ...RAW, "--mode", "replace", ...way),
      upload(labels(), ...TASK.slice(0, -1), "w", "--mode", "append", ...way),
    ]);
    for (const { exit, stderr } of told) {
      expect(exit).toBe(0);
      expect(stderr).not.toContain("by name, of which");
    }
  }
});
