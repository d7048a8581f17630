/** Labels of rows with several pages, checked on each of them: when they are uploaded and later. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { DatalakeClient } from "../../src/client/index.ts";
import { STATISTICS } from "../../src/operations/statistics/operation.ts";
import { openDatabase } from "../../src/query/database.ts";
import { quoteText } from "../../src/query/sql.ts";
import { makeWorld, runProgram, type World } from "../jobs/staging-kit.ts";

setDefaultTimeout(120_000);

let world: World;

/** Parts of the page: fine on any, but for the second row, of which one is beyond the second page. */
const ROWS = [
  [
    { b: [0, 0, 1, 1], on: 0 },
    { b: [0.5, 0.5, 1, 1], on: "둘.jpg" },
  ],
  [{ b: [0.5, 0.5, 1.5, 1], on: 1 }],
  [{ b: [0, 0, 1, 1], on: 5 }],
];

beforeAll(async () => {
  world = await makeWorld();
  const image = (width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: "white" } })
      .jpeg()
      .toBuffer();
  const [one, two] = await Promise.all([image(40, 60), image(80, 50)]);
  const cell = (bytes: Buffer | undefined, name: string) =>
    `{'bytes': from_hex('${bytes?.toString("hex")}'), 'path': '${name}'}`;
  const pages = `[${cell(one, "하나.jpg")}, ${cell(two, "둘.jpg")}]`;
  const values = ROWS.map((words) => `(${pages}, ${quoteText(JSON.stringify({ words }))})`);
  const database = await openDatabase({ scratch: world.folder });
  const file = join(world.folder, "rows.parquet");
  await database.run(
    `COPY (SELECT * FROM (VALUES ${values.join(", ")}) AS t(images, label)) TO ${quoteText(file)}`,
  );
  const single = join(world.folder, "single.parquet");
  const label = quoteText(JSON.stringify({ words: [{ b: [0, 0, 1, 1] }] }));
  await database.run(
    `COPY (SELECT ${cell(one, "하나.jpg")} AS image, ${label} AS label) TO ${quoteText(single)}`,
  );
  database.close();
  const view = join(world.folder, "view.json");
  await writeFile(view, JSON.stringify({ items: "$.words", box: "b", form: "xyxy", unit: 1, page: "on" }));
  await ok("config", "task", "edit", "ocr", "--view", view);
});

afterAll(() => rm(world.folder, { recursive: true, force: true }));

async function ok(...argv: string[]): Promise<string> {
  const { exit, stdout, stderr } = await runProgram(world, argv);
  expect([exit, stderr]).toEqual([0, expect.anything()]);
  return stdout;
}

const upload = (variant: string, ...more: string[]) =>
  ok(
    ...[
      "upload",
      join(world.folder, variant === "single" ? "single.parquet" : "rows.parquet"),
      "--type",
      "task",
      "--provider",
      "hub",
    ],
    ...["--dataset", "계약", "--task", "ocr", "--variant", variant, "--meta", "lang=ko"],
    ...["--max-rejects", "3", ...more],
  );

test("an upload tells what fits on none of its pages, and strict rejects just that", async () => {
  await upload("all");
  await upload("strict", "--strict");
  await upload("single", "--strict");
  const { exit, stdout } = await runProgram(world, ["process", "start", "--wait", "--json"]);
  expect(exit).toBe(3);
  const { uploads } = JSON.parse(stdout);
  const [all, strict, single] = uploads;
  expect([single.rows, single.rejected]).toEqual([1, 0]);
  expect(all.labels).toMatchObject({ checked: 3, unfit: 2, faults: { box_outside: 1, page_unknown: 1 } });
  expect([strict.rows, strict.rejected]).toEqual([1, 2]);
});

test("view check looks at each page", async () => {
  const { exit, stdout } = await runProgram(world, ["view", "check", "--variant", "all", "--json"]);
  const { labels, fitting, regions, faults, findings } = JSON.parse(stdout);
  expect([exit, labels, fitting, regions]).toEqual([3, 3, 1, 4]);
  expect(faults).toEqual({ box_outside: 1, page_unknown: 1 });
  expect(findings[0].message).toContain("reaches outside of the page of 80 x 50");
});

test("statistics count the regions of every page", async () => {
  using client = new DatalakeClient({ basePath: world.lake.root });
  const counted = await client.run(STATISTICS, { tasks: ["ocr"], variants: ["all"] });
  // Of four, one is on a page that its row does not have.
  expect(counted).toMatchObject({ rows: 3, regions: 3 });
  const single = await client.run(STATISTICS, { tasks: ["ocr"], variants: ["single"] });
  expect(single).toMatchObject({ rows: 1, regions: 1 });
});
