/** The first upload of a lake that has no provider and no task: one refusal says all, a person at a terminal is asked. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { initLake, type Lake } from "../../src/lake/lake.ts";
import { readTaxonomy } from "../../src/lake/taxonomy.ts";
import { KEYS, run, runAtTerminal, withFolder } from "./harness.ts";

setDefaultTimeout(120_000);

interface Place {
  labels: string;
  pages: string;
  lake: Lake;
  env: Record<string, string>;
}

async function withNewLake(use: (place: Place) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const { lake } = await initLake(join(folder, "lake"));
    const [labels, pages] = [join(folder, "labels.jsonl"), join(folder, "글.jsonl")];
    await writeFile(labels, '{"source_name": "가.png", "label": {"text": "계약"}}\n');
    await writeFile(pages, '{"text": "계약"}\n');
    await use({
      labels,
      pages,
      lake,
      env: { DATALAKE_LAKE: lake.root, DATALAKE_CACHE: join(folder, "cache") },
    });
  });
}

const PLACE = ["--type", "task", "--provider", "aihub", "--dataset", "계약"];
const TASK = ["--task", "ocr", "--variant", "base"];
const CREATE_PROVIDER = "add it with `datalake config provider create aihub`";

const refused: [string, string[], string[], number][] = [
  [
    "the fields that a common task asks for",
    [...PLACE, ...TASK, "--meta", "lang=ko"],
    [CREATE_PROVIDER, "`datalake config task create ocr`, and give this upload --meta src=real|synthetic"],
    4,
  ],
  [
    "fields of its own",
    [...PLACE, ...TASK, "--meta", "lang=ko", "--meta", "page=1"],
    [CREATE_PROVIDER, "`datalake config task create ocr --required lang,page`"],
    4,
  ],
  [
    "a flag that is missing too",
    [...PLACE, "--task", "stamps", "--meta", "kind=seal"],
    ["upload needs --variant", CREATE_PROVIDER, "`datalake config task create stamps --required kind`"],
    2,
  ],
];
for (const [name, flags, parts, code] of refused) {
  test(`one refusal says what the lake lacks: ${name}`, async () => {
    await withNewLake(async ({ labels, env }) => {
      const { exit, stderr } = await run(["upload", labels, ...flags], { env });
      expect(exit).toBe(code);
      for (const part of parts) expect(stderr).toContain(part);
    });
  });
}

test("what one refusal says is all that is needed", async () => {
  await withNewLake(async ({ labels, pages, env }) => {
    const asked = [labels, ...PLACE, ...TASK, "--meta", "lang=ko", "--meta", "page=1"];
    const { stderr } = await run(["upload", ...asked], { env });
    const commands = [...stderr.matchAll(/`datalake ([^`]+)`/g)].map(([, words = ""]) => words.split(" "));
    expect(commands).toHaveLength(2);
    for (const command of commands) expect(await run(command, { env })).toMatchObject({ exit: 0 });
    const raw = ["upload", pages, "--type", "raw", "--provider", "aihub", "--dataset", "계약"];
    expect((await run(raw, { env })).exit).toBe(0);
    expect((await run(["upload", ...asked], { env })).exit).toBe(0);
  });
});

test("at a terminal provider and task are asked for, and made once the upload is confirmed", async () => {
  await withNewLake(async ({ labels, pages, lake, env }) => {
    const upTo = (last: string, ...keys: string[]): [string, ...string[]][] => [
      ["What is it?", KEYS.enter],
      ["has no provider yet", "aihub", KEYS.enter],
      ["Name of the new dataset?", KEYS.enter],
      [last, ...keys],
    ];
    const left = await runAtTerminal(["upload", pages], upTo("Upload it?", KEYS.cancel), env);
    expect(left.exit).toBe(130);
    expect((await readTaxonomy(lake)).providers).toEqual({});
    const first = [...upTo("Upload it?", KEYS.enter), ["Process it now", KEYS.down, KEYS.enter] as const];
    expect((await runAtTerminal(["upload", pages], first, env)).exit).toBe(0);
    expect(Object.keys((await readTaxonomy(lake)).providers)).toEqual(["aihub"]);
    const { exit, stderr } = await runAtTerminal(
      ["upload", labels],
      [
        ["What is it?", KEYS.enter],
        ["Which provider?", KEYS.enter],
        ["Which dataset?", KEYS.enter],
        ["Which task?", KEYS.enter],
        ["Which fields are required", KEYS.enter],
        ["Description", KEYS.enter],
        ["Name of the variant?", KEYS.enter],
        ["Which lang?", KEYS.enter],
        ["Which src?", KEYS.enter],
        ["Upload it?", KEYS.enter],
        ["Process it now", KEYS.down, KEYS.enter],
      ],
      env,
    );
    expect({ exit, stderr }).toMatchObject({ exit: 0 });
    expect((await readTaxonomy(lake)).tasks).toMatchObject({ ocr: { required: ["lang", "src"] } });
    expect(await readdir(lake.layout.pending)).toHaveLength(2);
  });
});
