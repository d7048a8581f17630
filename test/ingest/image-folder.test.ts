import { describe, expect, test } from "bun:test";
import { mkdir, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { legacyBytes, legacyNames, utf8Name } from "../../src/ingest/legacy-names.ts";
import { hash, type IngestKit, withKit } from "./kit.ts";

const JPEG = "\xff\xd8\xff\xe0";
const DJVU = "AT&TFORM";
const HEIC = "\0\0\0\x18ftypheic\0\0\0\0mif1heic";

/** Writes files below `in/`; contents are Latin-1. */
async function folderOf(kit: IngestKit, files: Record<string, string>): Promise<string> {
  const folder = join(kit.folder, "in");
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(folder, name, ".."), { recursive: true });
    await writeFile(join(folder, name), Buffer.from(content, "latin1"));
  }
  return folder;
}

/** Names and reasons of the staged rows. */
async function stagedNames(kit: IngestKit, path: string) {
  const { rows, plan } = await kit.stage(path, { mode: "append" });
  return {
    names: rows.map((row) => row.source_name),
    rejects: rows.filter((row) => row.__reject !== null).map((row) => row.__reject),
    notices: plan.notices,
  };
}

describe("links", () => {
  test("a linked folder is gone through once, a link that leads nowhere costs its row", async () => {
    await withKit(async (kit) => {
      const folder = await folderOf(kit, { "a.jpg": "a", "inner/b.jpg": "b" });
      const outside = join(kit.folder, "outside");
      await mkdir(join(outside, "deep"), { recursive: true });
      await writeFile(join(outside, "deep/c.jpg"), "c");
      await symlink(outside, join(folder, "linked"));
      await symlink(join(outside, "deep"), join(folder, "linked-again"));
      await symlink(outside, join(outside, "round"));
      await symlink(folder, join(folder, "loop"));
      await symlink(kit.folder, join(folder, "up"));
      await symlink("inner", join(folder, "latest"));
      await symlink("self.jpg", join(folder, "self.jpg"));
      await symlink("a.jpg", join(folder, "copy.jpg"));
      const { names, rejects } = await stagedNames(kit, folder);
      expect(names).toEqual(["a.jpg", "copy.jpg", "inner/b.jpg", "linked/deep/c.jpg", "self.jpg"]);
      expect(rejects).toEqual(["the file self.jpg does not exist"]);
    });
  });
});

describe("what systems leave behind", () => {
  test("is no page, in no folder, and its folders are named", async () => {
    await withKit(async (kit) => {
      const folder = await folderOf(kit, {
        "1/a.jpg": "a",
        "1/@eaDir/a.jpg/SYNOPHOTO_THUMB_XL.jpg": "thumb",
        "#recycle/old.jpg": "old",
        "$RECYCLE.BIN/$R1.jpg": "old",
        "lost+found/x.jpg": "x",
        ".snapshot/daily/a.jpg": "a",
        "System Volume Information/x.jpg": "x",
        "__MACOSX/._a.jpg": "x",
        "1/._a.jpg": "x",
        "1/Thumbs.db": "x",
        "1/.DS_Store": "x",
        "desktop.ini": "x",
      });
      const { names, notices } = await stagedNames(kit, folder);
      expect(names).toEqual(["1/a.jpg"]);
      expect(notices).toEqual([
        "left out files of the system: #recycle, $RECYCLE.BIN, 1/@eaDir, System Volume Information, __MACOSX, and 1 more",
      ]);
      expect((await stagedNames(kit, join(folder, "**/*.jpg"))).names).toEqual(["a.jpg"]);
    });
  });
});

describe("what cannot be taken yet", () => {
  test("beside images is named, counted, and known by its content", async () => {
    await withKit(async (kit) => {
      const folder = await folderOf(kit, {
        "a.jpg": "a",
        "b.heic": JPEG,
        "0f3c": JPEG,
        "c.djvu": DJVU,
        d: DJVU,
        "e.heic": HEIC,
        f: HEIC,
        "f.psd": "8BPS",
        "g.docx": "PK\x03\x04",
        "k.txt": JPEG,
        "l.bin": "?",
        "m.tga": "\0\0\x02\0\0\0\0\0", // begins nearly as a cursor does
        "n.cur": "\0\0\x02\0\x01\0",
      });
      const { names, notices } = await stagedNames(kit, folder);
      expect(names).toEqual(["0f3c", "a.jpg", "b.heic", "e.heic", "f"]);
      expect(notices).toEqual([
        "2 DjVu files are left out; convert to TIFF first, for example with `ddjvu -format=tiff`",
        "1 Photoshop file is left out; export as PNG or TIFF first",
        "1 Office file is left out; save as PDF and upload that",
        "1 TGA file is left out; convert to JPEG, PNG or TIFF first",
        "1 icon file is left out; convert to JPEG, PNG or TIFF first",
        "2 files beside the images are not images and are left behind: k.txt, l.bin",
      ]);
    });
  });

  const refused: [string, Record<string, string>, string][] = [
    ["a DjVu", { "a.djvu": DJVU }, "is a file of kind DjVu, which is not supported yet; convert to TIFF"],
    ["a DjVu without an ending", { a: DJVU }, "is a file of kind DjVu, which"],
    [
      "an archive under another name",
      { "a.scans": "Rar!" },
      "is a file of kind RAR, which is not supported yet; unpack",
    ],
    ["what is nothing known", { "a.bin": "?" }, "cannot be uploaded; give"],
  ];
  for (const [what, files, message] of refused) {
    test(`${what} is refused by its name`, async () => {
      await withKit(async (kit) => {
        const folder = await folderOf(kit, files);
        const path = join(folder, Object.keys(files)[0] ?? "");
        const error = await kit.stage(path).catch((thrown) => thrown);
        expect(error).toMatchObject({
          code: "unsupported_format",
          message: expect.stringContaining(message),
        });
      });
    });
  }

  test("a folder and a glob of nothing else is refused with what is there", async () => {
    await withKit(async (kit) => {
      const folder = await folderOf(kit, { "a.djvu": DJVU, "b.djvu": DJVU, "c.psd": "8BPS" });
      for (const path of [folder, join(folder, "*")]) {
        const error = await kit.stage(path).catch((thrown) => thrown);
        expect(error.code).toBe("unsupported_format");
        expect(error.message).toContain(
          "2 DjVu and 1 Photoshop files, which are not supported yet; DjVu: convert to TIFF first",
        );
      }
    });
  });

  test("a folder whose images have no ending is one of images", async () => {
    await withKit(async (kit) => {
      const folder = await folderOf(kit, { "0a": JPEG, "0b": "\x89PNG\r\n\x1a\n" });
      expect((await stagedNames(kit, folder)).names).toEqual(["0a", "0b"]);
    });
  });
});

test("an image by itself is taken, and a glob of images", async () => {
  await withKit(async (kit) => {
    const folder = await folderOf(kit, { "a.jpg": "a", "b/c.png": "c", "b/d.djvu": DJVU, "b/e": JPEG });
    expect((await stagedNames(kit, join(folder, "a.jpg"))).names).toEqual(["a.jpg"]);
    expect((await stagedNames(kit, join(folder, "b/e"))).names).toEqual(["e"]);
    const { names, notices } = await stagedNames(kit, join(folder, "b/*"));
    expect(names).toEqual(["c.png", "e"]);
    expect(notices).toEqual([expect.stringContaining("1 DjVu file is left out")]);
  });
});

describe("file names that are no UTF-8", () => {
  /** Gives a file a name of these bytes. */
  const named = (folder: string, bytes: string, content: string) => {
    const path = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(bytes, "latin1")]);
    return writeFile(path, content);
  };

  test("are taken: decoded where they are Korean, else with their bytes", async () => {
    await withKit(async (kit) => {
      const folder = await folderOf(kit, { "한글.jpg": "utf8" });
      await named(folder, "\xc7\xd1\xb1\xdb.jpg", "cp949 of the same name");
      await named(folder, "\xbf\xb5\xbc\xf6\xc1\xf5.jpg", "receipt");
      await named(folder, "bad-\xff\xfe.jpg", "bad");
      const inside = join(folder, "x");
      await mkdir(inside);
      await named(inside, "\xc7\xd1.jpg", "inside");
      await rename(
        inside,
        Buffer.concat([Buffer.from(`${folder}/`), Buffer.from("\xc6\xfa\xb4\xf5", "latin1")]),
      );
      const { rows } = await kit.stage(folder);
      const staged = Object.fromEntries(rows.map((row) => [row.source_name, row.source_hash]));
      expect(staged).toEqual({
        "한글.jpg": hash("utf8"),
        "\\xc7\\xd1\\xb1\\xdb.jpg": hash("cp949 of the same name"),
        "영수증.jpg": hash("receipt"),
        "bad-\\xff\\xfe.jpg": hash("bad"),
        "폴더/한.jpg": hash("inside"),
      });
    });
  });

  test("are found by metadata that names them in UTF-8", async () => {
    await withKit(async (kit) => {
      const metadata = `${JSON.stringify({ file_name: "영수증.jpg", text: "합계" })}\n`;
      const folder = await folderOf(kit, {});
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, "metadata.jsonl"), metadata);
      await named(folder, "\xbf\xb5\xbc\xf6\xc1\xf5.jpg", "receipt");
      const { rows } = await kit.stage(folder);
      expect(rows).toMatchObject([
        { source_name: "영수증.jpg", source_hash: hash("receipt"), text: "합계", __reject: null },
      ]);
    });
  });

  test("every such name is known by a text that leads back to its bytes", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 12 }),
      fc
        .array(fc.constantFrom(0xc7, 0xd1, 0xb1, 0xdb, 0x81, 0x41, 0x20, 0xff), { minLength: 1 })
        .map((some) => Uint8Array.from(some)),
    );
    fc.assert(
      fc.property(bytes, (name) => {
        fc.pre(utf8Name(name) === undefined && !Buffer.from(name).includes("\\x"));
        for (const text of legacyNames(name)) {
          expect(legacyBytes(text).map((found) => Buffer.compare(found, name))).toContain(0);
        }
      }),
      { examples: [[Uint8Array.of(0xe5, 0xc4)], [Uint8Array.of(0x80, 0x0a)]] },
    );
  });
});

describe("metadata that names several images a row", () => {
  test("makes a column of each, as imagefolder does; what it does not name stays behind", async () => {
    await withKit(async (kit) => {
      const rows = [
        { file_name: "a.jpg", mask_file_name: "m/a.jpg", page_file_names: ["p/1.jpg", "p/2.jpg"], text: "x" },
        { file_name: "b.jpg", mask_file_name: null, page_file_names: [], text: "y" },
      ];
      const folder = await folderOf(kit, {
        ...Object.fromEntries(
          ["a", "b", "m/a", "p/1", "p/2", "left"].map((name) => [`in/${name}.jpg`, `${JPEG}${name}`]),
        ),
        "in/metadata.jsonl": rows.map((row) => JSON.stringify(row)).join("\n"),
      });
      const { rows: staged, plan } = await kit.stage(folder, { mode: "append" });
      expect(plan.contents.map(({ name, list }) => [name, list])).toEqual([
        ["image", false],
        ["mask", false],
        ["page", true],
      ]);
      expect(plan.columns.map(({ name }) => name)).toEqual(["text"]);
      expect(plan.notices).toEqual(["left out: 1 image that the metadata does not name"]);
      expect(staged.map((row) => [row.source_name, row.mask_source_name, row.page_source_name])).toEqual([
        ["in/a.jpg", "in/m/a.jpg", ["in/p/1.jpg", "in/p/2.jpg"]],
        ["in/b.jpg", null, []],
      ]);
      expect(staged.map((row) => row.__reject)).toEqual([null, null]);
    });
  });

  test("may name no image of the row's own, and lists alone", async () => {
    await withKit(async (kit) => {
      const files = { "a.jpg": `${JPEG}a`, "b.jpg": `${JPEG}b` };
      const metadata = JSON.stringify({ file_names: ["a.jpg", "b.jpg"], text: "x" });
      const folder = await folderOf(kit, { ...files, "metadata.jsonl": metadata });
      const { rows, plan } = await kit.stage(folder, { mode: "append" });
      expect(plan.contents.map(({ name, list }) => [name, list])).toEqual([["images", true]]);
      expect(rows.map((row) => [row.images_source_name, row.__reject])).toEqual([[["a.jpg", "b.jpg"], null]]);
    });
  });

  test("is refused where two columns would have one name", async () => {
    await withKit(async (kit) => {
      const metadata = JSON.stringify({ file_name: "a.jpg", mask_file_name: "a.jpg", Mask: "text" });
      const folder = await folderOf(kit, { "a.jpg": `${JPEG}a`, "metadata.jsonl": metadata });
      const error = await kit.stage(folder).catch((thrown) => thrown);
      expect(error.code).toBe("invalid_input");
      expect(error.message).toContain(
        "the images that mask_file_name names make a column mask, which another",
      );
    });
  });
});

describe("several metadata files", () => {
  /** The staged values of the column `c`, or the refusal. */
  async function stagedValues(kit: IngestKit, name: string, ...files: [string, string][]) {
    const folder = join(kit.folder, name);
    for (const [at, [ending, content]] of files.entries()) {
      await mkdir(join(folder, String(at)), { recursive: true });
      await writeFile(join(folder, `${at}/p${at}.jpg`), `${name}${at}`);
      await writeFile(join(folder, `${at}/metadata.${ending}`), content);
    }
    const { rows, plan } = await kit.stage(folder, { dataset: name });
    return {
      values: rows.map((row) => row.c),
      names: rows.map((row) => row.source_name),
      type: plan.columns.find((column) => column.name === "c")?.type,
      features: plan.features,
      notices: plan.notices.join("\n"),
    };
  }
  const lines = (at: number, ...values: string[]) =>
    ["jsonl", values.map((c) => `{"file_name":"p${at}.jpg","c":${c}}\n`).join("")] as [string, string];
  const csv = (at: number, ...values: string[]) =>
    ["csv", `file_name,c\n${values.map((c) => `p${at}.jpg,${c}\n`).join("")}`] as [string, string];

  test("have the types of all of them: no value becomes another, and notices are told", async () => {
    await withKit(async (kit) => {
      const cases: [string, [string, string][], unknown[], string][] = [
        [
          "long",
          [lines(0, "9007199254740993"), lines(1, "0.5")],
          ["9007199254740993", "0.5"],
          "kept as text",
        ],
        ["exact", [lines(0, "1", "null"), lines(1, "0.5")], [1, null, 0.5], ""],
        ["booleans", [lines(0, "true"), lines(1, "5")], ["true", "5"], "several types"],
        ["mixed", [lines(0, '"7"', '"m"'), lines(1, "1")], ['"7"', '"m"', "1"], "several types"],
        ["lists", [lines(0, "[1]"), lines(1, '["a"]')], ["[1]", '["a"]'], "several types"],
        ["open", [lines(0, "[]"), lines(1, '["x"]')], [[], ["x"]], ""],
        ["zeros", [csv(0, "01234"), csv(1, "5.10")], ["01234", "5.10"], "read as CSV"],
        ["alone", [lines(0, "1e400")], ["1e400"], "kept as text"],
      ];
      for (const [name, files, values, notice] of cases) {
        const staged = await stagedValues(kit, name, ...files);
        expect([name, staged.values]).toEqual([name, values]);
        expect(staged.notices).toContain(notice);
        const names = values.map((_, row) =>
          row < values.length - 1 || files.length === 1 ? "0/p0.jpg" : "1/p1.jpg",
        );
        expect(staged.names).toEqual(names);
      }
    });
  });

  test("may name images each in its own way", async () => {
    await withKit(async (kit) => {
      const lists: [string, string] = ["jsonl", '{"page_file_names":["p1.jpg"],"c":2}\n'];
      expect((await stagedValues(kit, "ways", lines(0, "1"), lists)).values).toEqual([1, 2]);
    });
  });

  test("that name no image, or whose types and labels differ, are refused with their names", async () => {
    await withKit(async (kit) => {
      await expect(stagedValues(kit, "unnamed", lines(0, "1"), ["jsonl", '{"c":2}\n'])).rejects.toMatchObject(
        {
          code: "invalid_input",
          message: expect.stringContaining(
            join("unnamed", "1", "metadata.jsonl has no text column file_name"),
          ),
        },
      );
      const parquet = async (name: string, ...parts: [string, unknown][]) => {
        const folder = join(kit.folder, name);
        for (const [at, [value, feature]] of parts.entries()) {
          await mkdir(join(folder, String(at)), { recursive: true });
          await writeFile(join(folder, `${at}/p${at}.jpg`), `${name}${at}`);
          const info = JSON.stringify({ info: { features: { c: feature } } });
          await kit.session.database.run(
            `COPY (SELECT 'p${at}.jpg' AS file_name, ${value} AS c)
            TO '${join(folder, `${at}/metadata.parquet`)}' (FORMAT parquet, KV_METADATA {huggingface: '${info}'})`,
          );
        }
        return kit.stage(folder, { dataset: name });
      };
      const label = (...names: string[]) => ({ names, _type: "ClassLabel" });
      const both = { code: "type_mismatch", details: { column: "c" } };
      await expect(
        parquet("labels", ["0::BIGINT", label("cat", "dog")], ["0::BIGINT", label("dog", "cat")]),
      ).rejects.toMatchObject(both);
      await expect(parquet("types", ["9007199254740993", null], ["0.5::DOUBLE", null])).rejects.toMatchObject(
        both,
      );
      const met = await parquet("met", ["7::INTEGER", null], ["NULL::INTEGER", null], ["4294967296", null]);
      expect(met.rows.map((row) => String(row.c))).toEqual(["7", "null", "4294967296"]);
    });
  });

  test("one that is appended is read as a table by itself is", async () => {
    await withKit(async (kit) => {
      const append = { mode: "append", dataset: "d" } as const;
      const stage = async (name: string, file: [string, string]) => {
        await mkdir(join(kit.folder, name));
        await writeFile(join(kit.folder, name, "p0.jpg"), name);
        await writeFile(join(kit.folder, name, `metadata.${file[0]}`), file[1]);
        return (await kit.stage(join(kit.folder, name), append)).rows.map((row) => row.c);
      };
      expect(await stage("a", lines(0, '"7"', "7"))).toEqual(['"7"', "7"]);
      expect(await stage("b", lines(0, '"7"'))).toEqual(['"7"']);
    });
    await withKit(async (kit) => {
      const folder = join(kit.folder, "text");
      await mkdir(folder);
      await writeFile(join(folder, "p0.jpg"), "x");
      await writeFile(join(folder, "metadata.csv"), "file_name,c\np0.jpg,007\n");
      await kit.stage(folder);
      await writeFile(join(folder, "metadata.csv"), "file_name,c\np0.jpg,51234\n");
      const { rows } = await kit.stage(folder, { mode: "append" });
      expect(rows.map((row) => row.c)).toEqual(["51234"]);
    });
  });
});
