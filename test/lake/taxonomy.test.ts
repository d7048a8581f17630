import { afterAll, describe, expect, test } from "bun:test";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { AppError } from "../../src/errors.ts";
import { unmarkText } from "../../src/lake/end-mark.ts";
import { initLake, type Lake } from "../../src/lake/lake.ts";
import { editTaxonomy, readTaxonomy } from "../../src/lake/taxonomy.ts";
import { nameProblem } from "../../src/schema/names.ts";
import { fieldProblem, type Taxonomy } from "../../src/schema/taxonomy.ts";

const folder = await mkdtemp(join(tmpdir(), "taxonomy-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

let count = 0;
async function freshLake(text?: string): Promise<Lake> {
  const { lake } = await initLake(join(folder, `lake-${count++}`));
  if (text !== undefined) await writeFile(lake.layout.taxonomy, text);
  return lake;
}

const COMMENTED = `# Ours. Ask Kim before you change it.
providers:
  # from the hub
  huggingface: { description: "Hub" } # keep
  aihub:
    description: AI-Hub 공개 데이터
tasks:
  ocr: # words on pages
    required: [lang, src]
    allow:
      lang: [ko, en] # more later
  layout:
`;

describe("readTaxonomy", () => {
  test("a new lake knows nothing", async () => {
    expect(await readTaxonomy(await freshLake())).toEqual({ providers: {}, tasks: {} });
  });

  test("fills in what is not said", async () => {
    const { providers, tasks } = await readTaxonomy(await freshLake(COMMENTED));
    expect(providers).toEqual({
      huggingface: { description: "Hub" },
      aihub: { description: "AI-Hub 공개 데이터" },
    });
    expect(tasks.layout).toEqual({ description: "", required: [], allow: {} });
    expect(tasks.ocr).toEqual({ description: "", required: ["lang", "src"], allow: { lang: ["ko", "en"] } });
  });

  test("an empty file and empty sections are fine", async () => {
    expect(await readTaxonomy(await freshLake(""))).toEqual({ providers: {}, tasks: {} });
    expect(await readTaxonomy(await freshLake("providers:\ntasks:\n"))).toEqual({ providers: {}, tasks: {} });
  });

  const wrong: [string, string, number, string | undefined][] = [
    ["unknown section", "providers: {}\n\nprovider: {}\n", 3, "provider"],
    ["unknown key", "tasks:\n  ocr:\n    require: [a]\n", 3, "tasks.ocr.require"],
    ["wrong type", "tasks:\n  ocr:\n    required: lang\n", 3, "tasks.ocr.required"],
    [
      "wrong item",
      "tasks:\n  ocr:\n    allow:\n      page:\n        - one\n        - 2\n",
      6,
      "tasks.ocr.allow.page.1",
    ],
    ["wrong name", "providers:\n  fine:\n  _hidden:\n", 3, "providers._hidden"],
    ["empty list", "tasks:\n  ocr:\n    allow:\n      lang: []\n", 4, "tasks.ocr.allow.lang"],
    ["not YAML", "providers:\n  a: [\n", 3, undefined],
    ["a key twice", "providers:\n  a:\n  b:\n  a:\n", 4, undefined],
    ["not a map", "- a\n", 1, undefined],
  ];
  for (const [what, text, line, key] of wrong) {
    test(`names the line of a mistake: ${what}`, async () => {
      const lake = await freshLake(text);
      const error = await readTaxonomy(lake).catch((caught) => caught);
      expect(error).toBeInstanceOf(AppError);
      expect(error.code).toBe("invalid_schema");
      expect(error.details).toEqual({
        path: lake.layout.taxonomy,
        line,
        ...(key === undefined ? {} : { key }),
      });
    });
  }

  test("a lake without the file is no lake", async () => {
    const lake = await freshLake();
    await rm(lake.layout.taxonomy);
    expect((await readTaxonomy(lake).catch((caught) => caught)).code).toBe("no_lake");
  });
});

describe("editTaxonomy", () => {
  test("keeps comments, order and what was not changed", async () => {
    const lake = await freshLake(COMMENTED);
    await editTaxonomy(lake, (taxonomy) => ({
      providers: { ...taxonomy.providers, 새것: { description: "" } },
      tasks: {
        ...taxonomy.tasks,
        ocr: { description: "Words", required: ["lang"], allow: { lang: ["ko", "en"] } },
      },
    }));
    const text = await readFile(lake.layout.taxonomy, "utf8");
    expect(unmarkText(text)).toBe(`# Ours. Ask Kim before you change it.
providers:
  # from the hub
  huggingface: { description: "Hub" } # keep
  aihub:
    description: AI-Hub 공개 데이터
  새것: {}
tasks:
  ocr:
    # words on pages
    required: [ lang ]
    allow:
      lang: [ ko, en ] # more later
    description: Words
  layout:
`);
  });

  test("writes with the lake's permissions", async () => {
    const lake = await freshLake();
    await editTaxonomy(lake, (taxonomy) => ({ ...taxonomy, providers: { a: { description: "" } } }));
    expect((await stat(lake.layout.taxonomy)).mode & 0o777).toBe(0o664);
  });

  test("an edit that fails, or makes no valid taxonomy, changes nothing", async () => {
    const lake = await freshLake(COMMENTED);
    const failing = editTaxonomy(lake, () => Promise.reject(new AppError("in_use", "in use")));
    expect((await failing.catch((error) => error)).code).toBe("in_use");
    const bad = editTaxonomy(lake, (taxonomy) => ({
      ...taxonomy,
      providers: { "a/b": { description: "" } },
    }));
    expect((await bad.catch((error) => error)).code).toBe("invalid_schema");
    expect(await readFile(lake.layout.taxonomy, "utf8")).toBe(COMMENTED);
    await editTaxonomy(lake, (taxonomy) => taxonomy);
  });

  test("what is written is what is read, for any taxonomies one after the other", async () => {
    const word = fc.string({ minLength: 1, maxLength: 8, unit: "grapheme" });
    const name = fc.oneof(
      fc.constantFrom("null", "true", "2024", "0x10", "1.5", "no", "책", "a-b.c", "0123", "1e3"),
      word.map((text) => text.normalize("NFC")).filter((text) => nameProblem(text) === undefined),
    );
    const field = name.filter((text) => fieldProblem(text) === undefined);
    const entry = fc.record({
      description: fc.string({ unit: "grapheme" }),
      required: fc.array(field, { maxLength: 3 }),
      allow: fc.dictionary(field, fc.array(fc.string({ unit: "grapheme" }), { minLength: 1, maxLength: 3 })),
    });
    const taxonomy = fc.record({
      providers: fc.dictionary(name, fc.record({ description: fc.string({ unit: "grapheme" }) })),
      tasks: fc.dictionary(name, entry),
    });
    const lake = await freshLake(COMMENTED);
    await fc.assert(
      fc.asyncProperty(taxonomy, async (next) => {
        const plain: Taxonomy = JSON.parse(JSON.stringify(next));
        await editTaxonomy(lake, () => plain);
        expect(await readTaxonomy(lake)).toEqual(plain);
      }),
      { numRuns: 60 },
    );
  });

  test("processes that edit at once, some of them killed, lose nothing", async () => {
    const lake = await freshLake(COMMENTED);
    const children = Array.from({ length: 5 }, (_, at) =>
      Bun.spawn([process.execPath, "-e", editScript(lake.root, at)], { stderr: "inherit", stdout: "pipe" }),
    );
    const outputs = await Promise.all(children.map((child) => new Response(child.stdout).text()));
    const acknowledged = outputs.flatMap((text) => text.split("\n").filter((line) => line !== ""));
    expect(acknowledged.length).toBeGreaterThanOrEqual(4 * 10 + 5);
    const { providers } = await readTaxonomy(lake);
    expect(Object.keys(providers)).toEqual(expect.arrayContaining(["huggingface", "aihub", ...acknowledged]));
    expect(unmarkText(await readFile(lake.layout.taxonomy, "utf8"))).toStartWith("# Ours.");
  });
});

/** Adds providers one by one; number 0 kills itself inside an edit, holding the lock. */
function editScript(root: string, at: number): string {
  const source = (file: string) => JSON.stringify(join(import.meta.dir, "../../src/lake", file));
  return `
    const { describeLake } = await import(${source("lake.ts")});
    const { editTaxonomy } = await import(${source("taxonomy.ts")});
    const lake = describeLake(${JSON.stringify(root)});
    for (let round = 0; round < 10; round++) {
      const name = "p${at}-" + round;
      await editTaxonomy(lake, (taxonomy) => {
        if (${at} === 0 && round === 5) process.kill(process.pid, "SIGKILL");
        return { ...taxonomy, providers: { ...taxonomy.providers, [name]: { description: "" } } };
      });
      await Bun.write(Bun.stdout, name + "\\n");
    }`;
}
