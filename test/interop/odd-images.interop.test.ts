import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  makeWorld,
  readRejects,
  readRows,
  runProgram,
  type StagedRowInput,
  stageUpload,
  type World,
} from "../jobs/staging-kit.ts";
import { runPython } from "./python.ts";

/** Python takes its time to load, and the images to be made. */
const ODD_IMAGES_MS = 300_000;
const POLICIES = ["preserve", "optimize", "jpeg"] as const;

let world: World;
let corpus: string;

beforeAll(async () => {
  world = await makeWorld();
  corpus = join(world.folder, "odd");
  await runPython("datasets-newest", "make_odd_images.py", corpus);
}, ODD_IMAGES_MS);
afterAll(() => rm(world.folder, { recursive: true, force: true }));

test(
  "every odd or broken image is given back right, or refused with its reason",
  async () => {
    const names = (await readdir(corpus)).sort();
    expect(names.length).toBeGreaterThan(300);
    const rows: StagedRowInput[] = [];
    for (const name of names) rows.push({ text: name, name, image: await readFile(join(corpus, name)) });
    const uploads = new Map<string, string>();
    for (const images of POLICIES) {
      // A dataset each: none finds what another one stored.
      const options = { dataset: images, images, max_rejects: "100%" } as const;
      uploads.set(images, await stageUpload(world, rows, options));
    }
    const { exit, stdout, stderr } = await runProgram(world, ["process", "start", "--wait", "--json"]);
    expect(stdout).not.toBe("");
    expect([exit, stderr]).toEqual([3, expect.any(String)]);

    const results: Record<string, unknown>[] = [];
    for (const policy of POLICIES) {
      for (const row of await readRows(world, "raw", "image", policy)) {
        const { text: name, width, height, pages, orientation, dpi, format } = row;
        const path = world.lake.layout.asset(String(row.path));
        results.push({ name, policy, reason: null, path, width, height, pages, orientation, dpi, format });
      }
      for (const { source_name, reason } of await readRejects(world, uploads.get(policy) ?? "")) {
        results.push({ name: source_name, policy, reason });
      }
    }
    expect(results).toHaveLength(names.length * POLICIES.length);
    const file = join(world.folder, "results.jsonl");
    await writeFile(file, results.map((result) => JSON.stringify(result)).join("\n"));
    const said = await runPython("datasets-newest", "check_odd_images.py", corpus, file);
    expect(said.trim().split("\n")).toEqual([`${results.length} checked`]);

    // The same image is refused for the same reason, whatever is asked for.
    const reasons = new Map<unknown, Set<unknown>>();
    for (const { name, reason } of results) reasons.set(name, (reasons.get(name) ?? new Set()).add(reason));
    expect([...reasons].filter(([, found]) => found.size > 1)).toEqual([]);
  },
  ODD_IMAGES_MS,
);
