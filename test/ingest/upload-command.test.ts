import { describe, expect, test } from "bun:test";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { initLake, type Lake } from "../../src/lake/lake.ts";
import { createUploadLayout } from "../../src/lake/layout.ts";
import { readUploadManifest } from "../../src/lake/manifests.ts";
import { KEYS, run, runAtTerminal, withFolder } from "../cli/harness.ts";
import { encryptedPdf } from "../documents/encrypt-pdf.ts";

interface Place {
  folder: string;
  lake: Lake;
  env: Record<string, string>;
}

/** A lake with providers p and q and the task ocr, and two images in `scans/`. */
async function withLake(use: (place: Place) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const { lake } = await initLake(join(folder, "lake"));
    const taxonomy =
      "providers: {p: {}, q: {}}\ntasks:\n  ocr: {required: [lang], allow: {lang: [ko, en]}}\n";
    await Bun.write(lake.layout.taxonomy, taxonomy);
    await mkdir(join(folder, "scans"));
    for (const name of ["가.png", "나.png"]) await writeFile(join(folder, "scans", name), name);
    const env = { DATALAKE_LAKE: lake.root, DATALAKE_CACHE: join(folder, "cache") };
    await use({ folder, lake, env });
  });
}

async function pending(lake: Lake) {
  const ids = (await readdir(lake.layout.pending)).sort();
  return Promise.all(
    ids.map((id) => readUploadManifest(createUploadLayout(join(lake.layout.pending, id)).folder)),
  );
}

describe("by flags", () => {
  test("one JSON document says what was staged", async () => {
    await withLake(async ({ folder, lake, env }) => {
      const flags = [
        "--type",
        "raw",
        "--provider",
        "p",
        "--dataset",
        "영수증",
        "--json",
        "--images",
        "preserve",
      ];
      const { exit, stdout } = await run(["upload", join(folder, "scans"), ...flags], { env });
      expect(exit).toBe(0);
      const [manifest] = await pending(lake);
      expect(JSON.parse(stdout)).toEqual({
        upload_id: manifest?.upload_id,
        provider: "p",
        dataset: "영수증",
        task: "raw",
        variant: "image",
        rows: 2,
        mode: "create",
      });
      expect(manifest).toMatchObject({
        images: "preserve",
        verify: "full",
        max_rejects: "1%",
        staged_files: 2,
      });
    });
  });

  const refused: [string, string[], string[]][] = [
    ["nothing given", [], ["INPUT", "--type", "--provider", "--dataset"]],
    ["a task upload", ["x", "--type", "task", "--provider", "p", "--dataset", "d"], ["--task", "--variant"]],
    [
      "a field of the task",
      ["x", "--type", "task", "--provider", "p", "--dataset", "d", "--task", "ocr", "--variant", "v"],
      ["--meta lang=ko|en"],
    ],
  ];
  for (const [name, argv, missing] of refused) {
    test(`${name}: what is missing is named, with exit 2`, async () => {
      await withLake(async ({ env, lake }) => {
        const { exit, stdout } = await run(["upload", ...argv, "--json"], { env });
        expect(exit).toBe(2);
        const { error } = JSON.parse(stdout);
        expect(error).toMatchObject({ code: "usage", details: { missing } });
        expect(error.message).toContain(missing.length === 1 ? "; add it, or" : "; add them, or");
        expect(await pending(lake)).toEqual([]);
      });
    });
  }

  test("flags that say everything are asked nothing, at a terminal too", async () => {
    await withLake(async ({ folder, lake, env }) => {
      const flags = ["--type", "raw", "--provider", "p", "--dataset", "d"];
      const { exit, stdout } = await runAtTerminal(["upload", join(folder, "scans"), ...flags], [], env);
      expect(exit).toBe(0);
      expect(stdout).toEndWith("\nProcess it with `datalake process start --wait`.\n");
      expect(await pending(lake)).toHaveLength(1);
    });
  });

  test("--process without a server says that the upload is staged all the same", async () => {
    await withLake(async ({ folder, lake, env }) => {
      const flags = ["--type", "raw", "--provider", "p", "--dataset", "d", "--process", "--json"];
      const { exit, stdout } = await run(["upload", join(folder, "scans"), ...flags], { env });
      expect(exit).toBe(6);
      const [manifest] = await pending(lake);
      expect(JSON.parse(stdout).error).toMatchObject({
        code: "server_unreachable",
        details: { upload_id: manifest?.upload_id },
      });
    });
  });

  test("a limit that is none is refused, and so is what is over the limit already; nothing is handed over", async () => {
    await withLake(async ({ folder, lake, env }) => {
      const flags = ["--type", "raw", "--provider", "p", "--dataset", "d"];
      for (const limit of ["lots", "101%", "-1"]) {
        const { exit, stderr } = await run(
          ["upload", join(folder, "scans"), ...flags, `--max-rejects=${limit}`],
          { env },
        );
        expect({ limit, exit }).toEqual({ limit, exit: 2 });
        expect(stderr).toContain("--max-rejects");
      }
      const list = join(folder, "list.jsonl");
      const names = ["scans/가.png", "scans/다.png", "scans/라.png"];
      await writeFile(list, names.map((name) => JSON.stringify({ image_path: name })).join("\n"));
      const over = await run(["upload", list, ...flags, "--json"], { env });
      const { error } = JSON.parse(over.stdout);
      expect(error).toMatchObject({ code: "too_many_rejects", details: { rejected: 2, rows: 3 } });
      expect(error.message).toBe(
        [
          "2 of 3 rows were rejected, 0 are allowed; nothing was uploaded; fix them or raise --max-rejects",
          "  row 2: the file scans/다.png does not exist",
          "  row 3: the file scans/라.png does not exist",
        ].join("\n"),
      );
      const many = join(folder, "many.jsonl");
      const missing = Array.from({ length: 12 }, (_, at) => JSON.stringify({ image_path: `없는/${at}.png` }));
      await writeFile(many, missing.join("\n"));
      const { stderr } = await run(["upload", many, ...flags], { env });
      const lines = stderr.trimEnd().split("\n");
      expect(lines).toHaveLength(12);
      expect(lines.slice(-2)).toEqual(["  row 10: the file 없는/9.png does not exist", "  and 2 more rows"]);
      expect(await readdir(lake.layout.incoming)).toEqual([]);
      expect(await pending(lake)).toEqual([]);
      expect((await run(["upload", list, ...flags, "--max-rejects", "2"], { env })).exit).toBe(0);
    });
  });

  test("an upload that is damaged keeps nobody else from uploading", async () => {
    await withLake(async ({ folder, lake, env }) => {
      const damaged = join(lake.layout.pending, `u${"0".repeat(32)}`);
      await mkdir(damaged);
      await writeFile(join(damaged, "upload.json"), "{");
      const flags = ["--type", "raw", "--provider", "p", "--dataset", "d"];
      expect((await run(["upload", join(folder, "scans"), ...flags], { env })).exit).toBe(0);
      expect((await run(["config", "provider", "remove", "q"], { env })).exit).toBe(0);
    });
  });

  test("what lies beside the images is said to stay behind", async () => {
    await withLake(async ({ folder, env }) => {
      await writeFile(join(folder, "scans", "readme.txt"), "x");
      const flags = ["--type", "raw", "--provider", "p", "--dataset", "d"];
      const { exit, stderr } = await run(["upload", join(folder, "scans"), ...flags], { env });
      expect({
        exit,
        said: stderr.includes("1 file beside the images is not an image and is left behind: readme.txt"),
      }).toEqual({ exit: 0, said: true });
    });
  });

  test("a missing input is not found, with exit 4", async () => {
    await withLake(async ({ folder, env }) => {
      const flags = ["--type", "raw", "--provider", "p", "--dataset", "d"];
      expect((await run(["upload", join(folder, "nothing"), ...flags], { env })).exit).toBe(4);
    });
  });
});

describe("by questions", () => {
  test("raw data: type, provider, a name for the dataset; wrong names are asked again", async () => {
    await withLake(async ({ folder, lake, env }) => {
      const { exit, stderr } = await runAtTerminal(
        ["upload", join(folder, "scans")],
        [
          ["What is it?", KEYS.enter],
          ["Which provider?", KEYS.down, KEYS.enter],
          ["Name of the new dataset?", "/", KEYS.enter],
          ["The name may hold", "\u007f", "2", KEYS.enter],
          ["Upload it?", KEYS.enter],
          ["Process it now", KEYS.down, KEYS.enter],
        ],
        env,
      );
      expect(exit).toBe(0);
      expect(stderr).toContain("Found images: 2 rows");
      const [manifest] = await pending(lake);
      expect(manifest).toMatchObject({
        provider: "q",
        dataset: "2",
        task: "raw",
        variant: "image",
        rows: 2,
      });
    });
  });

  test("labels: an existing dataset, the task's fields from their values", async () => {
    await withLake(async ({ folder, lake, env }) => {
      const raw = ["--type", "raw", "--provider", "p", "--dataset", "d"];
      expect((await run(["upload", join(folder, "scans"), ...raw], { env })).exit).toBe(0);
      const labels = join(folder, "labels.jsonl");
      await writeFile(labels, '{"source_name": "가.png", "label": {"b": 1, "a": 2}}\n');
      const { exit } = await runAtTerminal(
        ["upload", labels],
        [
          ["What is it?", KEYS.enter],
          ["Which provider?", KEYS.enter],
          ["Which dataset?", KEYS.enter],
          ["Which task?", KEYS.enter],
          ["Name of the variant?", KEYS.enter],
          ["Which lang?", KEYS.down, KEYS.enter],
          ["Upload it?", KEYS.enter],
          ["Process it now", KEYS.down, KEYS.enter],
        ],
        env,
      );
      expect(exit).toBe(0);
      const manifests = await pending(lake);
      expect(manifests[1]).toMatchObject({
        ...{ provider: "p", dataset: "d", task: "ocr", variant: "base" },
        meta: { lang: "en" },
        reference: "source_name",
      });
    });
  });

  test("Esc goes back question by question, from the last one too", async () => {
    await withLake(async ({ folder, lake, env }) => {
      const { exit, stderr } = await runAtTerminal(
        ["upload", join(folder, "scans")],
        [
          ["What is it?", KEYS.enter],
          ["Which provider?", KEYS.escape],
          ["What is it?", KEYS.enter],
          ["Which provider?", KEYS.enter],
          ["Name of the new dataset?", "x", KEYS.enter],
          ["Upload it?", KEYS.escape],
          ["Name of the new dataset?", "y", KEYS.enter],
          ["into p/y/raw/image", KEYS.enter],
          ["Process it now", KEYS.escape],
        ],
        env,
      );
      expect({ exit, stderr }).toMatchObject({ exit: 0 });
      expect(stderr).toContain("Esc goes one question back");
      expect(await pending(lake)).toMatchObject([{ provider: "p", dataset: "y" }]);
    });
  });

  test("an existing partition: append or replace is asked", async () => {
    await withLake(async ({ folder, lake, env }) => {
      const raw = ["--type", "raw", "--provider", "p"];
      const scans = join(folder, "scans");
      expect((await run(["upload", scans, ...raw, "--dataset", "d"], { env })).exit).toBe(0);
      const { exit } = await runAtTerminal(
        ["upload", scans, ...raw],
        [
          ["Which dataset?", KEYS.down, KEYS.enter],
          ["What should be done with it?", KEYS.enter],
          ["Upload it?", KEYS.enter],
          ["Process it now", KEYS.down, KEYS.enter],
        ],
        env,
      );
      expect(exit).toBe(0);
      expect((await pending(lake)).map((manifest) => manifest?.mode)).toEqual(["create", "append"]);
    });
  });

  test("a file that cannot be read is told, and another asked for", async () => {
    await withLake(async ({ folder, lake, env }) => {
      const broken = join(folder, "broken.parquet");
      await writeFile(broken, "no");
      const flags = ["--type", "raw", "--provider", "p", "--dataset", "d"];
      const { exit, stderr } = await runAtTerminal(
        ["upload", ...flags],
        [
          ["What do you want to upload?", broken, KEYS.enter],
          ["cannot be read as Parquet", join(folder, "scans"), KEYS.enter],
          ["Upload it?", KEYS.enter],
          ["Process it now", KEYS.down, KEYS.enter],
        ],
        env,
      );
      expect(stderr).toContain("cannot be read as Parquet");
      expect(exit).toBe(0);
      expect(await pending(lake)).toHaveLength(1);
    });
  });

  for (const [named, flags, others] of [
    ["where flags say the rest", ["--type", "raw", "--provider", "p", "--dataset", "d"], []],
    [
      "among other questions",
      ["--type", "raw", "--provider", "p"],
      [
        ["Name of the new dataset?", KEYS.enter],
        ["Upload it?", KEYS.enter],
        ["Process it now", KEYS.down, KEYS.enter],
      ],
    ],
  ] as [string, string[], [string, ...string[]][]][]) {
    test(`the password of a document is asked for, ${named}`, async () => {
      await withLake(async ({ folder, lake, env }) => {
        const document = join(folder, "계약.pdf");
        const locked = encryptedPdf([{ content: "0 0 10 10 re f" }], { user: "비밀", owner: "own" });
        await writeFile(document, locked);
        const { exit, stderr } = await runAtTerminal(
          ["upload", document, ...flags],
          [
            ["Password of 계약.pdf?", "wrong", KEYS.enter],
            ["Password of 계약.pdf?", "비밀", KEYS.enter],
            ...others,
          ],
          env,
        );
        expect({ exit, stderr }).toMatchObject({ exit: 0 });
        const [manifest] = await pending(lake);
        expect(manifest).toMatchObject({ rows: 1, pages: { passwords: ["wrong", "비밀"] } });
      });
    });
  }

  for (const [name, answers] of [
    ["at a question", [["What is it?", KEYS.cancel]]],
    [
      "at the summary",
      [
        ["What is it?", KEYS.enter],
        ["Which provider?", KEYS.enter],
        ["Name of the new dataset?", KEYS.enter],
        ["Upload it?", KEYS.cancel],
      ],
    ],
  ] as [string, [string, ...string[]][]][]) {
    test(`Ctrl-C ${name} leaves nothing`, async () => {
      await withLake(async ({ folder, lake, env }) => {
        expect((await runAtTerminal(["upload", join(folder, "scans")], answers, env)).exit).toBe(130);
        expect(await readdir(lake.layout.incoming)).toEqual([]);
        expect(await pending(lake)).toEqual([]);
      });
    });
  }
});
