/** What labels mean: found, kept with the task and checked, in the folder and through a server alike. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { DatalakeClient } from "../../src/client/index.ts";
import { makeImage, makeWorld, runProgram, type World } from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe } from "../server/server-kit.ts";
import { KEYS, run, runAtTerminal } from "./harness.ts";

setDefaultTimeout(120_000);

const PAGES = 4;
let world: World;
let server: ServeProcess;

/** Labels of pages of 24 x 16 pixels: by variant. */
const LABELS: Record<string, (at: number) => unknown> = {
  // On its side in some: only xywh fits.
  v1: (at) => ({ words: [{ text: `영수증 ${at}`, bbox: [20, 10, 3, 4], order: 0 }] }),
  open: () => ({ words: [{ text: "a", bbox: [2, 2, 4, 4] }] }),
  bad: (at) => ({
    words: [
      { text: at === 1 ? 7 : "a", bbox: at === 2 ? [20, 10, 40, 4] : [1, 1, 2, 2], order: 0 },
      { text: "b", bbox: [3, 3, 2, 2], order: at === 3 ? 5 : 1 },
    ],
  }),
  lists: () => ({ tokens: ["a"], bboxes: [[1, 1, 2, 2]] }),
};
const VIEW = { items: "$.words", box: "bbox", form: "xywh", text: "text", order: "order" };

beforeAll(async () => {
  world = await makeWorld();
  const scans = join(world.folder, "scans");
  await mkdir(scans);
  for (let at = 0; at < PAGES; at++) await writeFile(join(scans, `쪽${at}.jpg`), await makeImage(at));
  const common = ["--provider", "hub", "--dataset", "영수증"];
  const upload = async (input: string, ...argv: string[]) => {
    const { exit, stderr } = await runProgram(world, ["upload", input, ...common, ...argv]);
    expect([exit, stderr]).toEqual([0, expect.anything()]);
  };
  await upload(scans, "--type", "raw");
  for (const [variant, label] of Object.entries(LABELS)) {
    const file = join(world.folder, `${variant}.jsonl`);
    const rows = Array.from({ length: PAGES }, (_, at) =>
      JSON.stringify({ source_name: `쪽${at}.jpg`, label: label(at) }),
    );
    await writeFile(file, `${rows.join("\n")}\n`);
    await upload(file, "--type", "task", "--task", "ocr", "--variant", variant, "--meta", "lang=ko");
  }
  const { exit, stderr } = await runProgram(world, ["process", "start", "--wait"]);
  expect([exit, stderr]).toEqual([0, expect.anything()]);
  await writeFile(join(world.folder, "보기.json"), JSON.stringify({ view: VIEW }));
  server = await startServe(world);
});

afterAll(async () => {
  await server.stop("SIGKILL");
  await rm(world.folder, { recursive: true, force: true });
});

const here = (...argv: string[]) => run([...argv, "--lake", world.lake.root], { env: world.env });

const runElsewhere = (...argv: string[]) => run(argv);

async function isRed(sheet: Buffer, x: number, y: number): Promise<boolean> {
  const { data, info } = await sharp(sheet).raw().toBuffer({ resolveWithObject: true });
  const [red = 0, green = 0] = data.subarray((Math.round(y) * info.width + Math.round(x)) * 3);
  return red > 150 && green < 110;
}

/** The same through a server, with its own times. */
async function both(...argv: string[]) {
  const there = await run([...argv, "--server", server.url]);
  const local = await here(...argv);
  const timeless = (text: string) =>
    text.replaceAll(/"duration_ms": ?\d+/g, "").replaceAll(/ in [\d.]+ ?m?s/g, "");
  expect({ ...there, stdout: timeless(there.stdout), stderr: "" }).toEqual({
    ...local,
    stdout: timeless(local.stdout),
    stderr: "",
  });
  return local;
}

describe("view detect", () => {
  test("prints a view that --view takes", async () => {
    const { exit, stdout } = await both("view", "detect", "--variant", "v1");
    expect(exit).toBe(0);
    expect(stdout).toContain("# xywh in pixels: 4 of 4 rows agree");
    const file = join(world.folder, "found.yaml");
    await writeFile(file, stdout);
    expect((await here("view", "check", "--variant", "v1", "--view", file)).exit).toBe(0);
    const json = await both("view", "detect", "--variant", "v1", "--json");
    const document = JSON.parse(json.stdout);
    expect(document).toMatchObject({
      view: VIEW,
      agree: 4,
      labelled: 4,
      sampled: 4,
      form: "xywh",
      unit: "px",
    });
  });

  test("exits with 2 and names both readings where boxes can be read in two ways", async () => {
    const { exit, stderr } = await here("view", "detect", "--variant", "open");
    expect(exit).toBe(2);
    expect(stderr).toContain("xyxy in pixels, 4 of 4 rows agree, 2,2 to 4,4");
    expect(stderr).toContain("xywh in pixels, 4 of 4 rows agree, 2,2 to 6,6");
    expect(stderr).toContain("run it again with --form xyxy or --form xywh");
    const { stdout } = await both("view", "detect", "--variant", "open", "--json");
    const { code, details } = JSON.parse(stdout).error;
    expect([code, details.readings.length, details.example.box]).toEqual(["usage", 2, [2, 2, 4, 4]]);
    expect(await Bun.file(world.lake.layout.asset(details.example.path)).exists()).toBe(true);
    for (const choice of [
      ["--form", "xywh"],
      ["--reading", "2"],
    ]) {
      const chosen = await both("view", "detect", "--variant", "open", "--json", ...choice);
      expect(JSON.parse(chosen.stdout).view.form).toBe("xywh");
    }
    expect((await here("view", "detect", "--variant", "open", "--reading", "3")).exit).toBe(2);
  });

  test("draws the pages as each reading sees them, in the folder as through a server", async () => {
    const detect = ["view", "detect", "--variant", "open", "--sample-images", "2", "--output"];
    const seen: unknown[] = [];
    for (const place of [["--server", server.url], []]) {
      const output = join(world.folder, `readings-${seen.length}`);
      const run = place.length > 0 ? runElsewhere : here;
      const { exit, stderr } = await run(...detect, output, ...place);
      expect([exit, stderr]).toEqual([
        2,
        expect.stringContaining(`drawn in ${join(output, "reading-2.jpg")}`),
      ]);
      const sheets = await Promise.all([1, 2].map((at) => readFile(join(output, `reading-${at}.jpg`))));
      expect((await readdir(output)).sort()).toEqual(["reading-1.jpg", "reading-2.jpg"]);
      // A page of 24 x 16 is drawn 900 wide: the lower side of the box is at 4 or at 6 of its pixels.
      const reds = await Promise.all(
        sheets.map((sheet) => Promise.all([4, 6].map((y) => isRed(sheet, 16 + 3.5 * 37.5, 16 + y * 37.5)))),
      );
      expect(reds).toEqual([
        [true, false],
        [false, true],
      ]);
      seen.push(sheets);
      const again = await run(...detect, output, ...place);
      expect([again.exit, again.stderr]).toEqual([5, expect.stringContaining("exists")]);
    }
    expect(seen[0]).toEqual(seen[1]);
    const one = await here(...detect, join(world.folder, "one"), "--form", "xywh");
    expect([one.exit, one.stdout]).toEqual([0, expect.stringContaining("# drawn in")]);
    for (const [flags, sentence] of [
      [["--sample-images", "0"], "--sample-images 0 is no whole number from 1 to 30"],
      [["--output", "x"], "--output is for the sheets"],
    ] as const) {
      const refused = await here("view", "detect", "--variant", "open", ...flags);
      expect([refused.exit, refused.stderr]).toEqual([2, expect.stringContaining(sentence)]);
    }
  });

  test("asks a person which one is right, and keeps it with the task on request", async () => {
    const { exit, stdout } = await runAtTerminal(
      ["view", "detect", "--variant", "open"],
      [
        ["Which one is right?", KEYS.down, KEYS.enter],
        ["Make it the view of the task ocr?", "y"],
      ],
      world.env,
    );
    expect([exit, stdout]).toEqual([0, expect.stringContaining("form: xywh")]);
    const { tasks } = JSON.parse((await here("config", "task", "list", "--json")).stdout);
    expect(tasks[0].view).toMatchObject({ items: "$.words", form: "xywh" });
    await here("config", "task", "edit", "ocr", "--view", "none");
  });

  test("refuses what views do not read, and says what to do", async () => {
    const { exit, stdout } = await both("view", "detect", "--variant", "lists", "--json");
    const { code, message } = JSON.parse(stdout).error;
    expect([exit, code, message]).toEqual([
      1,
      "invalid_input",
      expect.stringContaining("tokens, bboxes run side"),
    ]);
    expect((await here("view", "detect", "--dataset", "nothing")).exit).toBe(4);
  });
});

describe("view check", () => {
  const check = ["view", "check", "--variant", "bad", "--json"];
  const file = () => join(world.folder, "보기.json");

  test("needs a view, and says how to get one", async () => {
    const { exit, stdout } = await both(...check);
    expect([exit, JSON.parse(stdout).error.message]).toEqual([
      4,
      expect.stringContaining("view detect --task ocr"),
    ]);
  });

  test("counts and places what does not fit, with a report of all", async () => {
    const report = join(world.folder, "faults.csv");
    const { exit, stdout } = await both(...check, "--view", file(), "--report", report);
    expect(exit).toBe(3);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({
      partitions: 1,
      rows: 4,
      labels: 4,
      fitting: 1,
      regions: 8,
      faults: { text_no_string: 1, box_outside: 1, order_holes: 1 },
    });
    expect(document.findings).toMatchObject([
      {
        kind: "text_no_string",
        at: "$.words[0]",
        variant: "bad",
        source_row: 1,
        source_name: "쪽1.jpg",
        of_row: 1,
      },
      { kind: "box_outside", at: "$.words[0]", source_row: 2 },
      { kind: "order_holes", at: "$.words", source_row: 3 },
    ]);
    const lines = (await readFile(report, "utf8")).trim().split("\r\n");
    expect(lines.length).toBe(4);
    expect(lines[0]).toStartWith("kind,at,message,provider");
    const text = await here("view", "check", "--variant", "bad", "--view", file());
    expect(text.stdout).toContain("1 x box_outside: a box reaches outside of the page");
    expect(text.stdout).toContain("1 of 4 labels fit, 8 regions (4 rows of 1 partition");
  });

  test("by the view of the task, of a partition, of the command", async () => {
    await here("config", "task", "edit", "ocr", "--view", file());
    const { exit, stdout } = await both("view", "check", "--dataset", "영수증", "--json");
    expect(exit).toBe(3);
    const { faults, labels, partitions } = JSON.parse(stdout);
    expect([partitions, labels, faults.no_items, faults.order_no_number]).toEqual([4, 16, 4, 4]);
    await here("config", "task", "edit", "ocr", "--view", "paddleocr", "--partition", "hub/영수증/v1");
    const ofPartition = JSON.parse((await both("view", "check", "--variant", "v1", "--json")).stdout);
    expect(ofPartition.faults).toEqual({ box_missing: 4 });
    const ofCommand = JSON.parse(
      (await both("view", "check", "--variant", "v1", "--view", file(), "--json")).stdout,
    );
    expect(ofCommand).toMatchObject({ faults: {}, fitting: 4 });
    await here("config", "task", "edit", "ocr", "--view", "none");
    const some = JSON.parse((await both("view", "check", "--task", "ocr", "--json")).stdout);
    expect([some.partitions, some.without_view.length]).toEqual([1, 3]);
  });

  test("what is no view, and what is no report, is refused before anything is read", async () => {
    expect((await here(...check, "--view", "nothing.yaml")).exit).toBe(4);
    expect((await here(...check, "--view", file(), "--report", "a.txt")).exit).toBe(2);
    expect(
      (await here(...check, "--view", file(), "--report", join(world.folder, "none", "a.csv"))).exit,
    ).toBe(4);
    const body = JSON.stringify({ view: { items: "$" } });
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${server.url}/operations/check-labels`, { method: "POST", body, headers });
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining("box is missing")]);
  });
});

test("by the SDK, on a folder and through a server", async () => {
  for (const options of [{ basePath: world.lake.root }, { serverUrl: server.url }]) {
    using client = new DatalakeClient(options);
    const { readings, example } = await client.detectView({ variants: ["open"] });
    expect(readings.map(({ form }) => form)).toEqual(["xyxy", "xywh"]);
    expect(example).toMatchObject({ box: [2, 2, 4, 4], partition: "hub/영수증/ocr/open" });
    const { summary } = await client.checkLabels({ variants: ["v1"], view: VIEW });
    expect(summary).toMatchObject({ labels: 4, fitting: 4 });
    await expect(client.checkLabels({ view: "none such" })).rejects.toMatchObject({ code: "usage" });
  }
});
