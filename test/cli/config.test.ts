import { describe, expect, test } from "bun:test";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllowed } from "../../src/cli/commands/config/task.ts";
import { AppError } from "../../src/errors.ts";
import { describeLake } from "../../src/lake/lake.ts";
import { createUploadLayout } from "../../src/lake/layout.ts";
import { makeManifest } from "../catalog/lakes.ts";
import { KEYS, run, runAtTerminal, withFolder } from "./harness.ts";

interface LakeCommands {
  lake: string;
  json(
    ...argv: string[]
  ): Promise<{ exit: number; document: Record<string, unknown> & { error?: { code: string } } }>;
}

async function withLake(use: (commands: LakeCommands) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const lake = join(folder, "lake");
    await run(["init", lake]);
    await use({
      lake,
      json: async (...argv) => {
        const { exit, stdout } = await run([...argv, "--json"], { env: { DATALAKE_LAKE: lake } });
        return { exit, document: JSON.parse(stdout) };
      },
    });
  });
}

describe("datalake config provider", () => {
  test("creates, lists and removes", () =>
    withLake(async ({ json }) => {
      expect((await json("config", "provider", "create", "aihub", "--description", "공개")).exit).toBe(0);
      await json("config", "provider", "create", "자료\u1100\u1161"); // decomposed: stored composed
      expect((await json("config", "provider", "list")).document).toEqual({
        providers: [
          { name: "aihub", description: "공개" },
          { name: "자료가", description: "" },
        ],
      });
      expect((await json("config", "provider", "remove", "aihub")).document).toEqual({ removed: "aihub" });
      expect((await json("config", "provider", "list")).document.providers).toHaveLength(1);
    }));

  test("refuses a name twice, a wrong name, and to remove what is not there", () =>
    withLake(async ({ json }) => {
      await json("config", "provider", "create", "aihub");
      const twice = await json("config", "provider", "create", "aihub");
      expect([twice.exit, twice.document.error?.code]).toEqual([5, "conflict"]);
      const wrong = await json("config", "provider", "create", "a/b");
      expect([wrong.exit, wrong.document.error?.code]).toEqual([2, "invalid_name"]);
      const missing = await json("config", "provider", "remove", "toString");
      expect([missing.exit, missing.document.error?.code]).toEqual([4, "not_found"]);
    }));

  test("names where a provider is used instead of removing it", () =>
    withLake(async ({ lake, json }) => {
      const { layout } = describeLake(lake);
      const key = { provider: "aihub", dataset: "책", task: "ocr", variant: "words" };
      await json("config", "provider", "create", "aihub");
      await json("config", "task", "create", "ocr");
      const manifest = makeManifest("create", key);
      const staged = createUploadLayout(layout.upload("failed", manifest.upload_id));
      await mkdir(staged.folder, { recursive: true });
      await writeFile(staged.manifest.stagedAt, JSON.stringify(manifest));
      const byUpload = await json("config", "provider", "remove", "aihub");
      expect([byUpload.exit, byUpload.document.error]).toMatchObject([
        5,
        { code: "in_use", details: { partitions: [], uploads: [`failed/${manifest.upload_id}`] } },
      ]);
      await mkdir(layout.partition(key), { recursive: true });
      const byBoth = await json("config", "task", "remove", "ocr");
      expect(byBoth.document.error).toMatchObject({
        code: "in_use",
        details: { partitions: ["aihub/책/ocr/words"], uploads: [`failed/${manifest.upload_id}`] },
      });
      expect((await json("config", "provider", "list")).document.providers).toHaveLength(1);
    }));
});

describe("datalake config task", () => {
  const shape = {
    required: ["lang", "src"],
    allow: { lang: ["ko", "en", "ja", "multi"], src: ["real", "synthetic"] },
  };

  test("takes fields and values from flags", () =>
    withLake(async ({ json }) => {
      const flags = ["--required", "lang,src", "--allow", "lang=ko,en", "--allow", "lang=ja"];
      expect((await json("config", "task", "create", "ocr", ...flags)).document).toEqual({
        task: {
          name: "ocr",
          required: ["lang", "src"],
          allow: { lang: ["ko", "en", "ja"] },
          description: "",
        },
      });
    }));

  test("usual names have usual fields, other names none", () =>
    withLake(async ({ json }) => {
      for (const name of ["ocr", "vqa", "kie", "layout"]) {
        expect((await json("config", "task", "create", name)).document.task).toMatchObject({
          name,
          ...shape,
        });
      }
      expect((await json("config", "task", "create", "번역", "--description", "d")).document.task).toEqual({
        name: "번역",
        required: [],
        allow: {},
        description: "d",
      });
    }));

  test("refuses the task raw, and fields that could not be columns", () =>
    withLake(async ({ json }) => {
      expect((await json("config", "task", "create", "raw")).document.error?.code).toBe("conflict");
      for (const field of ["hash", "provider", "Lang", "a-b", "_x"]) {
        const { document } = await json("config", "task", "create", "t", "--required", field);
        expect([field, document.error?.code]).toEqual([field, "invalid_name"]);
      }
    }));

  test("has a view, of its own and for single partitions, by name or file", () =>
    withLake(async ({ lake, json }) => {
      const task = async (...argv: string[]) => (await json("config", "task", ...argv)).document.task;
      expect(await task("create", "layout", "--view", "coco")).toMatchObject({ view: "coco" });
      const file = join(lake, "..", "보기.yaml");
      await writeFile(file, "# mine\nview:\n  {items: $.words, box: b, form: xywh}\n");
      const own = { items: "$.words", box: "b", form: "xywh" };
      expect(await task("edit", "layout", "--view", file, "--partition", "aihub/영수증/v1")).toMatchObject({
        view: "coco",
        views: { "aihub/영수증/v1": own },
      });
      const { stdout } = await run(["config", "task", "list", "--lake", lake]);
      expect(stdout).toContain("coco, 1 of partitions");
      expect(stdout).toMatch(/task +partition +view\nlayout +aihub\/영수증\/v1 +at \$\.words/);
      await writeFile(file, JSON.stringify(own));
      expect(await task("edit", "layout", "--view", file, "--description", "표")).toMatchObject({
        description: "표",
        view: own,
      });
      await task("edit", "layout", "--view", "none", "--partition", "aihub/영수증/v1");
      expect(await task("edit", "layout", "--view", "none")).not.toHaveProperty("view");
      expect((await json("config", "task", "list")).document).toEqual({
        tasks: [{ name: "layout", description: "표", ...shape }],
      });
    }));

  test("a view that is none is refused, with what is wrong", () =>
    withLake(async ({ lake, json }) => {
      await json("config", "task", "create", "layout");
      const file = join(lake, "..", "view.yaml");
      const edit = async (text: string, ...argv: string[]) => {
        await writeFile(file, text);
        const { exit, document } = await json("config", "task", "edit", "layout", "--view", file, ...argv);
        return [exit, document.error];
      };
      expect(await edit("items: $.words\nbox: b\n")).toEqual([
        2,
        expect.objectContaining({
          code: "invalid_view",
          message: expect.stringContaining("form is missing"),
        }),
      ]);
      expect(await edit("items: [")).toEqual([2, expect.objectContaining({ code: "invalid_view" })]);
      const partition = ["config", "task", "edit", "layout", "--view", "coco", "--partition", "a/b"];
      expect((await json(...partition)).document.error?.code).toBe("usage");
      expect((await json("config", "task", "edit", "layout", "--view", "cooc")).document.error?.code).toBe(
        "not_found",
      );
      expect((await json("config", "task", "edit", "layout")).document.error?.code).toBe("usage");
      expect((await json("config", "task", "edit", "ocr", "--view", "coco")).document.error?.code).toBe(
        "not_found",
      );
      await writeFile(describeLake(lake).layout.taxonomy, "tasks:\n  ocr:\n    view: {items: $, box: b}\n");
      expect((await json("config", "task", "list")).document.error).toMatchObject({
        code: "invalid_schema",
        message: expect.stringContaining("line 3, tasks.ocr.view: form is missing"),
      });
    }));

  test("asks a person for a view", () =>
    withLake(async ({ lake }) => {
      await run(["config", "task", "create", "ocr", "--lake", lake]);
      const { exit } = await runAtTerminal(
        ["config", "task", "edit"],
        [
          ["Which task?", KEYS.enter],
          ["look like?", KEYS.down, KEYS.enter],
        ],
        { DATALAKE_LAKE: lake },
      );
      expect(exit).toBe(0);
      const { stdout } = await run(["config", "task", "list", "--json", "--lake", lake]);
      expect(JSON.parse(stdout).tasks[0]).toMatchObject({ name: "ocr", view: "aihub-public" });
    }));

  test("asks a person for all of it", () =>
    withLake(async ({ lake }) => {
      const { exit } = await runAtTerminal(
        ["config", "task"],
        [
          ["what do you want to do?", KEYS.enter],
          ["Which task?", KEYS.down, KEYS.enter],
          ["Which fields", KEYS.down, KEYS.enter],
          ["Required fields", "lang, page", KEYS.enter],
          ["Allowed values of lang", KEYS.enter],
          ["Allowed values of page", "one", KEYS.enter],
          ["Description", KEYS.enter],
        ],
        { DATALAKE_LAKE: lake },
      );
      expect(exit).toBe(0);
      const { stdout } = await run(["config", "task", "list", "--json", "--lake", lake]);
      expect(JSON.parse(stdout).tasks[0]).toMatchObject({
        name: "vqa",
        required: ["lang", "page"],
        allow: { lang: ["ko", "en", "ja", "multi"], page: ["one"] },
      });
    }));

  test("asks before it removes, and believes a no", () =>
    withLake(async ({ lake, json }) => {
      await json("config", "task", "create", "ocr");
      const remove = ["config", "task", "remove", "--lake", lake];
      const no = await runAtTerminal(remove, [
        ["Which task?", KEYS.enter],
        ["Remove the task ocr?", KEYS.enter],
      ]);
      expect(no.exit).toBe(130);
      expect((await json("config", "task", "list")).document.tasks).toHaveLength(1);
      const yes = await runAtTerminal(remove, [
        ["Which task?", KEYS.enter],
        ["Remove the task ocr?", "y"],
      ]);
      expect(yes.exit).toBe(0);
      expect((await json("config", "task", "list")).document.tasks).toHaveLength(0);
    }));

  test("Ctrl-C at any question leaves the file as it was", () =>
    withLake(async ({ lake }) => {
      const path = describeLake(lake).layout.taxonomy;
      const before = await readFile(path, "utf8");
      const questions: [string, ...string[]][] = [
        ["Which task?", KEYS.enter],
        ["Which fields", KEYS.enter],
        ["Description", KEYS.enter],
      ];
      for (let at = 0; at < questions.length; at++) {
        const [question = ""] = questions[at] ?? [];
        const answers: [string, ...string[]][] = [...questions.slice(0, at), [question, KEYS.cancel]];
        const { exit } = await runAtTerminal(["config", "task", "create", "--lake", lake], answers);
        expect(exit).toBe(130);
        expect(await readFile(path, "utf8")).toBe(before);
      }
    }));

  test("asks nothing with --yes, --json or in an automation", () =>
    withLake(async ({ lake }) => {
      const argv = ["config", "task", "create", "--lake", lake];
      expect((await runAtTerminal([...argv, "--yes"], [])).exit).toBe(2);
      expect((await runAtTerminal([...argv, "--json"], [])).exit).toBe(2);
      expect((await runAtTerminal(argv, [], { CI: "true" })).exit).toBe(2);
    }));
});

test("parseAllowed refuses what is no FIELD=A,B", () => {
  expect(parseAllowed(["a=x, y,x", "b=1"])).toEqual({ a: ["x", "y"], b: ["1"] });
  for (const text of ["a", "=x", "a=", "a=,"]) expect(() => parseAllowed([text])).toThrow(AppError);
});
