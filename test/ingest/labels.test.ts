import { describe, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import fc from "fast-check";
import {
  areParallel,
  isParallel,
  kindlessName,
  withoutKind,
} from "../../src/ingest/collection/folder-kinds.ts";
import { legacyBytes } from "../../src/ingest/legacy-names.ts";
import { readPathList } from "../../src/ingest/path-list.ts";
import { quoteText } from "../../src/query/sql.ts";
import { type IngestKit, withKit } from "./kit.ts";
import { type Packed, zipOf } from "./zip-kit.ts";

const JPEG = Buffer.from("\xff\xd8\xff\xe0 a page", "latin1");

async function put(kit: IngestKit, files: Record<string, Uint8Array | string>): Promise<string> {
  const folder = join(kit.folder, "in");
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

async function staged(kit: IngestKit, path: string | string[], options = {}, request = {}) {
  const { rows, plan, manifest } = await kit.stage(path, { mode: "append", ...request }, options);
  return {
    pairs: rows.filter(({ __reject }) => __reject === null).map((row) => [row.source_name, row.label]),
    rejects: rows.filter((row) => row.__reject !== null).map((row) => [row.source_name, row.__reject]),
    rows,
    manifest,
    summary: plan.input.summary,
    notices: plan.notices,
  };
}

/** A zip with names as Korean Windows writes them. */
function koreanZip(files: Record<string, string | Uint8Array>): Buffer {
  return zipOf(
    Object.entries(files).map(([name, data]): Packed => ({ name: legacyBytes(name)[0] ?? name, data })),
  );
}

describe("labels of one JSON a page", () => {
  test("stand beside their pages, with the text of the file as it is", async () => {
    await withKit(async (kit) => {
      const exact = '\n{ "b": 1.0,\t"a": "\\uac00", "b": 1e400, "한": "글" }  \n';
      const folder = await put(kit, {
        "1.jpg": JPEG,
        "1.json": exact,
        "2/가.png": JPEG,
        "2/가.json": '[{"x": 12345678901234567890}]',
        "2/없음.jpg": JPEG,
        "3.JPG": JPEG,
        "3.jpg.json": "\ufeff{}",
      });
      const { pairs, rejects, summary, notices } = await staged(kit, folder);
      expect(pairs).toEqual([
        ["1.jpg", exact],
        ["2/가.png", '[{"x": 12345678901234567890}]'],
        ["2/없음.jpg", null],
        ["3.JPG", "{}"],
      ]);
      expect(rejects).toEqual([]);
      expect(summary).toBe("4 images; 3 labels, of which 3 have their page");
      expect(notices).toEqual(["1 page has no label"]);
    });
  });

  test("in one zip are found for images in another, by names in CP949, by Training and Validation", async () => {
    await withKit(async (kit) => {
      const folder = await put(kit, {
        "1.Training/[원천]계약.zip": koreanZip({
          "계약/1.은행/0001.jpg": JPEG,
          "계약/2.보험/0001.jpg": JPEG,
        }),
        "1.Training/[라벨]계약.zip": koreanZip({
          "계약/1.은행/0001.json": '{"of":"train bank"}',
          "계약/2.보험/0001.json": '{"of":"train insurance"}',
        }),
        "2.Validation/[원천]계약.zip": koreanZip({ "계약/1.은행/0001.jpg": JPEG, "계약/1.은행/9.jpg": JPEG }),
        "2.Validation/[라벨]계약.zip": koreanZip({
          "계약/1.은행/0001.json": '{"of":"validation bank"}',
          "계약/1.은행/10.json": '{"of":"nothing"}',
        }),
      });
      const { rows, rejects, summary } = await staged(kit, folder, { splitFromFolder: true });
      expect(
        rows
          .filter(({ __reject }) => __reject === null)
          .map((row) => [row.source_name, row.label, row.split]),
      ).toEqual([
        ["1.Training/[원천]계약/계약/1.은행/0001.jpg", '{"of":"train bank"}', "train"],
        ["1.Training/[원천]계약/계약/2.보험/0001.jpg", '{"of":"train insurance"}', "train"],
        ["2.Validation/[원천]계약/계약/1.은행/0001.jpg", '{"of":"validation bank"}', "validation"],
        ["2.Validation/[원천]계약/계약/1.은행/9.jpg", null, "validation"],
      ]);
      expect(rejects).toEqual([
        ["2.Validation/[라벨]계약/계약/1.은행/10.json", "the label has no page: no page is named 10"],
      ]);
      expect(summary).toBe("4 images; 4 labels, of which 3 have their page");
    });
  });

  test("that could belong to several pages, or share one, are rejected with the candidates", async () => {
    await withKit(async (kit) => {
      const folder = await put(kit, {
        "images/a/1.jpg": JPEG,
        "images/b/1.jpg": JPEG,
        "images/2.jpg": JPEG,
        "images/3.jpg": JPEG,
        "labels/1.json": "{}",
        "labels/x/2.json": "{}",
        "labels/y/2.json": "{}",
        "labels/3.json": "{}",
        "more/3.json": "{}",
        "images/3.json": "{}",
      });
      const { pairs, rejects } = await staged(kit, folder);
      expect(pairs).toEqual([
        ["images/2.jpg", null],
        ["images/3.jpg", "{}"],
        ["images/a/1.jpg", null],
        ["images/b/1.jpg", null],
      ]);
      expect(rejects).toEqual([
        ["labels/1.json", "the label has no page: 2 pages are named 1: images/a/1.jpg, images/b/1.jpg"],
        ["labels/3.json", "the label has no page: images/3.jpg has a label already: images/3.json"],
        ["labels/x/2.json", "the label has no page: 2 labels are named 2, and one page: images/2.jpg"],
        ["labels/y/2.json", "the label has no page: 2 labels are named 2, and one page: images/2.jpg"],
        ["more/3.json", "the label has no page: images/3.jpg has a label already: images/3.json"],
      ]);
    });
  });

  test("that cannot be read cost their rows, by name", async () => {
    await withKit(async (kit) => {
      const folder = await put(kit, {
        "1.jpg": JPEG,
        "1.json": '{"a": }',
        "2.jpg": JPEG,
        "2.json": "",
        "3.jpg": JPEG,
        "3.json": Buffer.from([0x7b, 0xff, 0xfe, 0xff]),
        "4.jpg": JPEG,
        "4.json": Buffer.concat([
          Buffer.from('{"a":"'),
          legacyBytes("한글")[0] ?? Buffer.of(),
          Buffer.from('"}'),
        ]),
        "5.jpg": JPEG,
        "5.json": Buffer.from('\ufeff{"a":"가"}', "utf16le"),
      });
      const { pairs, rejects } = await staged(kit, folder);
      expect(pairs).toEqual([
        ["4.jpg", '{"a":"한글"}'],
        ["5.jpg", '{"a":"가"}'],
      ]);
      expect(rejects).toEqual([
        ["1.jpg", expect.stringContaining("the label 1.json is no JSON (")],
        ["2.jpg", "the label 2.json is empty"],
        ["3.jpg", "the label 3.json is not in UTF-8, UTF-16 or CP949; name its encoding with --encoding"],
      ]);
    });
  });

  test("are none where no page has their name: then JSON beside images is left behind", async () => {
    await withKit(async (kit) => {
      const folder = await put(kit, { "1.jpg": JPEG, "annotations.json": '{"images": []}' });
      const { pairs, manifest, notices } = await staged(kit, folder);
      expect(pairs).toEqual([["1.jpg", undefined]]);
      expect(manifest.columns).toEqual([]);
      expect(notices).toEqual([
        "1 file beside the images is not an image and is left behind: annotations.json",
      ]);
    });
  });

  test("that find no page at all are rejected, not left behind", async () => {
    await withKit(async (kit) => {
      const folder = await put(kit, {
        "doc1/1.png": JPEG,
        "doc1/2.png": JPEG,
        "doc2/1.json": "{}",
        "doc2/2.json": "{}",
        "notes/a.json": "{}",
      });
      const reason = "has its name, but lies in a folder of another document";
      expect((await staged(kit, folder)).rejects).toEqual([
        ["doc2/1.json", `the label has no page: doc1/1.png ${reason}`],
        ["doc2/2.json", `the label has no page: doc1/2.png ${reason}`],
        ["notes/a.json", "the label has no page: no page is named a"],
      ]);
      const given = ["doc1", "notes"].map((name) => join(folder, name));
      expect((await staged(kit, given)).rejects).toEqual([
        ["notes/a.json", "the label has no page: no page is named a"],
      ]);
    });
  });

  test("that only a name speaks for are counted", async () => {
    await withKit(async (kit) => {
      const folder = await put(kit, { "계약서/1.png": JPEG, "정보/1.json": "{}" });
      const { pairs, notices } = await staged(kit, folder);
      expect(pairs).toEqual([["계약서/1.png", "{}"]]);
      expect(notices).toEqual([
        "1 label was matched with a page by the file name alone: no folder of theirs is the same",
      ]);
    });
  });

  test("are not what lies alone in a folder without a page of its name", async () => {
    await withKit(async (kit) => {
      const folder = await put(kit, {
        "info.json": "{}",
        "a/1.jpg": JPEG,
        "a/1.json": "{}",
        "a/x.json": "{}",
      });
      const { rejects, notices } = await staged(kit, folder);
      expect(rejects).toEqual([["a/x.json", "the label has no page: no page is named x"]]);
      expect(notices).toEqual(["1 file beside the images is not an image and is left behind: info.json"]);
    });
  });
});

describe("labels alone", () => {
  test("refer to pages by the stem of their names, and the upload says what was assumed", async () => {
    await withKit(async (kit) => {
      const archive = koreanZip({
        "Validation/나.json": '{"b":2}',
        "Training/가.json": '{"a": 1}',
        "Training/다.jpg.json": "{}",
      });
      await put(kit, { "라벨.zip": archive, "folder/1.json": "{}", "folder/2.json": "{}" });
      const request = { type: "task", task: "ocr", variant: "base", meta: { lang: "ko" } } as const;
      const taken = await staged(
        kit,
        join(kit.folder, "in/라벨.zip"),
        { splitFromFolder: true },
        request,
      ).catch((error) => error);
      // nothing is there that they could refer to
      expect(taken.code).toBe("not_found");
      const { rows, notices, summary } = await staged(kit, join(kit.folder, "in/라벨.zip"), {
        splitFromFolder: true,
      });
      expect(rows.map(({ source_stem, label, split }) => [source_stem, label, split])).toEqual([
        ["Training/가", '{"a": 1}', "train"],
        ["Training/다", "{}", "train"],
        ["Validation/나", '{"b":2}', "validation"],
      ]);
      expect(summary).toBe("3 labels");
      expect(notices).toEqual([
        expect.stringContaining("the 3 JSON files are taken as labels of one page each"),
        expect.stringContaining("labels go with --type task"),
      ]);
      const plan = await kit.session.open(join(kit.folder, "in/folder"));
      expect([plan.rowCount, plan.columns.map(({ name }) => name)]).toEqual([2, ["source_stem", "label"]]);
    });
  });

  test("and pages in folders of several splits are taken without them with a notice", async () => {
    await withKit(async (kit) => {
      await put(kit, {
        ...{ "쪽/1.Training/1.jpg": JPEG, "쪽/2.Validation/a/2.jpg": JPEG, "쪽/3.jpg": JPEG },
        ...{ "둘/학습/1.jpg": JPEG, "둘/학습/1.json": "{}", "둘/검증/2.jpg": JPEG },
        ...{ "라벨/Training/1.json": "{}", "라벨/Validation/2.json": "{}" },
        ...{ "하나/Training/1.jpg": JPEG, "하나/그림/2.jpg": JPEG },
      });
      const told = async (name: string, more = {}) => {
        const { notices } = await staged(kit, join(kit.folder, "in", name), more);
        return notices.filter((notice) => notice.includes("--split-from-folder"));
      };
      const advice = "--split-from-folder makes them the column split";
      expect(await told("쪽")).toEqual([`folders are named 1.Training, 2.Validation: ${advice}`]);
      expect(await told("둘")).toEqual([`folders are named 검증, 학습: ${advice}`]);
      expect(await told("라벨")).toEqual([`folders are named Training, Validation: ${advice}`]);
      expect(await told("하나")).toEqual([]);
      expect(await told("쪽", { splitFromFolder: true })).toEqual([]);
    });
  });

  test("of one name in several folders are found by their paths, of one alone by its name", async () => {
    await withKit(async (kit) => {
      const files = { "라벨/문서1/1.json": "{}", "라벨/문서2/1.json": "{}", "라벨/문서2/2.json": "{}" };
      await put(kit, { ...files });
      const { rows } = await staged(kit, join(kit.folder, "in/라벨"));
      expect(rows.map(({ source_stem }) => source_stem)).toEqual(["문서1/1", "문서2/1", "2"]);
    });
  });

  test("a folder's name without its kind is the same to both that read it", async () => {
    await withKit(async (kit) => {
      const names = [
        ..."labels images 원천데이터 라벨링데이터 [원천]계약 2.labels 1.Training TS_계약 VL1 문서1 scan_a label-b".split(
          " ",
        ),
        ...[
          "원천 데이터 3",
          "IMG",
          "Images (2)",
          "gt_words",
          "계약 라벨 원본",
          "a",
          "3. raw - x",
          "rawhide",
          "TL",
        ],
      ];
      const values = names.map((name) => `(${quoteText(name)})`).join(", ");
      const rows = await kit.rows(
        `(SELECT ${withoutKind("name")} AS kindless FROM (VALUES ${values}) AS t(name))`,
      );
      expect(rows.map(({ kindless }) => kindless)).toEqual(names.map(kindlessName));
    });
  });

  test("folders of one series are the same to both that read them", async () => {
    await withKit(async (kit) => {
      const name = fc.oneof(
        fc.string({ unit: fc.constantFrom("a", "b", "가", "나", "1", "23", "😀"), maxLength: 4 }),
        fc.stringMatching(/^[0-9a-f]{7,9}$/),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(fc.tuple(name, name), { minLength: 1, maxLength: 50 }), async (pairs) => {
          const values = pairs.map(([one, other]) => `(${quoteText(one)}, ${quoteText(other)})`).join(", ");
          const rows = await kit.rows(
            `(SELECT ${areParallel("one", "other")} AS found FROM (VALUES ${values}) AS t(one, other))`,
          );
          expect(rows.map(({ found }) => found)).toEqual(pairs.map((pair) => isParallel(...pair)));
        }),
        { numRuns: 20 },
      );
    });
  });

  test("are not taken for tables of JSON, nor these for labels", async () => {
    await withKit(async (kit) => {
      const lists = await put(kit, { "1.json": '[{"a":1},{"a":2}]', "2.json": '[{"a":3}]' });
      expect((await staged(kit, lists)).rows.map(({ a }) => a)).toEqual([1, 2, 3]);
      const lines = join(kit.folder, "in/lines");
      await put(kit, { "lines/1.json": '{"a":1}\n{"a":2}\n', "lines/2.json": '{"a":3}\n' });
      expect((await staged(kit, lines)).rows.map(({ a }) => a)).toEqual([1, 2, 3]);
      await put(kit, { "one.json": '{"a":7}' });
      expect((await staged(kit, join(kit.folder, "in/one.json"))).rows.map(({ a }) => a)).toEqual([7]);
    });
  });
});

describe("--split-from-folder", () => {
  test("is refused where no folder says a split, and for tables", async () => {
    await withKit(async (kit) => {
      const folder = await put(kit, {
        "a/1.jpg": JPEG,
        "b.csv": "a\n1\n",
        "학습/2.jpg": JPEG,
        "test/3.jpg": JPEG,
      });
      const open = (path: string) => kit.session.open(join(folder, path), { splitFromFolder: true });
      expect(open("a")).rejects.toMatchObject({ code: "invalid_input" });
      expect(open("b.csv")).rejects.toMatchObject({ code: "usage" });
      await Bun.file(join(folder, "b.csv")).delete();
      const { rows } = await staged(kit, folder, { splitFromFolder: true });
      expect(rows.map(({ source_name, split }) => [source_name, split])).toEqual([
        ["a/1.jpg", null],
        ["test/3.jpg", "test"],
        ["학습/2.jpg", "train"],
      ]);
    });
  });
});

describe("a list of files", () => {
  test("keeps its order; its lines end as they may", async () => {
    await withKit(async (kit) => {
      const folder = await put(kit, {
        "나.jpg": JPEG,
        "가.jpg": JPEG,
        "b/1.zip": zipOf([{ name: "z.jpg", data: JPEG }]),
        "lf.txt": "",
        "nul.txt": "",
        "utf16.txt": "",
        "cp949.txt": "",
      });
      const paths = ["나.jpg", "b/1.zip", "가.jpg"].map((name) => join(folder, name));
      await put(kit, {
        "lf.txt": `${paths.join("\r\n")}\n\n`,
        "nul.txt": paths.map((path) => `${path}\0`).join(""),
        "utf16.txt": Buffer.from(`\ufeff${paths.join("\r\n")}`, "utf16le"),
        "cp949.txt": Buffer.concat(
          paths.flatMap((path) => [legacyBytes(path)[0] ?? Buffer.from(path), Buffer.from("\r\n")]),
        ),
      });
      for (const list of ["lf.txt", "nul.txt", "utf16.txt", "cp949.txt"]) {
        const listed = await readPathList(join(folder, list));
        expect(listed).toEqual(paths);
        expect((await staged(kit, listed)).rows.map(({ source_name }) => source_name)).toEqual([
          "나.jpg",
          "b/1/z.jpg",
          "가.jpg",
        ]);
      }
      expect(readPathList(join(folder, "none.txt"))).rejects.toMatchObject({ code: "not_found" });
      expect(readPathList(folder)).rejects.toMatchObject({
        code: "invalid_input",
        message: `the list ${folder} is a folder; give a text file with one path a line, or the folder without --files-from`,
      });
      await put(kit, { "lf.txt": Uint8Array.of(0xff, 0x20, 0xff) });
      expect(readPathList(join(folder, "lf.txt"))).rejects.toMatchObject({ code: "invalid_input" });
      await put(kit, { "lf.txt": "\n" });
      expect(readPathList(join(folder, "lf.txt"))).rejects.toMatchObject({ code: "empty_input" });
    });
  });

  test("of folders and files mixes them, from where they have in common", async () => {
    await withKit(async (kit) => {
      const folder = await put(kit, { "a/1.jpg": JPEG, "b/2.jpg": JPEG, "b/2.json": "{}", "c.jpg": JPEG });
      const { pairs } = await staged(kit, [join(folder, "b"), join(folder, "a"), join(folder, "c.jpg")]);
      expect(pairs).toEqual([
        ["b/2.jpg", "{}"],
        ["a/1.jpg", null],
        ["c.jpg", null],
      ]);
    });
  });
});
