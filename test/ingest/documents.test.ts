import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { legacyBytes } from "../../src/ingest/legacy-names.ts";
import { encryptedPdf } from "../documents/encrypt-pdf.ts";
import { pdfOf } from "../documents/write-pdf.ts";
import { type IngestKit, withKit } from "./kit.ts";
import { zipOf } from "./zip-kit.ts";

setDefaultTimeout(120_000);

const JPEG = Buffer.from("\xff\xd8\xff\xe0 a page", "latin1");

function pdf(pages: number): Buffer {
  return pdfOf(
    Array.from({ length: pages }, () => ({ content: "0 0 10 10 re f", box: [0, 0, 100, 100] as const })),
  );
}

/** A TIFF of so many pages of one pixel. */
function tiff(pages: number): Buffer {
  const directory = (at: number, isLast: boolean) => {
    const fields = [
      [256, 1],
      [257, 1],
      [258, 8],
      [259, 1],
      [262, 1],
      [273, 8],
      [278, 1],
      [279, 1],
    ] as const;
    const bytes = Buffer.alloc(2 + fields.length * 12 + 4);
    bytes.writeUInt16LE(fields.length, 0);
    for (const [index, [tag, value]] of fields.entries()) {
      bytes.writeUInt16LE(tag, 2 + index * 12);
      bytes.writeUInt16LE(4, 4 + index * 12);
      bytes.writeUInt32LE(1, 6 + index * 12);
      bytes.writeUInt32LE(value, 10 + index * 12);
    }
    bytes.writeUInt32LE(isLast ? 0 : at + bytes.length, bytes.length - 4);
    return bytes;
  };
  const head = Buffer.from([0x49, 0x49, 42, 0, 12, 0, 0, 0, 0x80, 0, 0, 0]);
  const parts = [head];
  for (let page = 0, at = head.length; page < pages; page++) {
    const part = directory(at, page === pages - 1);
    parts.push(part);
    at += part.length;
  }
  return Buffer.concat(parts);
}

async function put(kit: IngestKit, files: Record<string, Uint8Array | string>): Promise<string> {
  const folder = join(kit.folder, "in");
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

async function staged(kit: IngestKit, path: string | string[], options = {}) {
  const { rows, plan, files } = await kit.stage(path, { mode: "append" }, options);
  return {
    names: rows.filter((row) => row.__reject === null).map((row) => row.source_name),
    rejects: rows.filter((row) => row.__reject !== null).map((row) => [row.source_name, row.__reject]),
    rows,
    files,
    input: plan.input,
  };
}

test("documents are pages in the order of paths, each file once, among images, in zips and by itself", async () => {
  await withKit(async (kit) => {
    const folder = await put(kit, {
      "a.jpg": JPEG,
      "계약서.pdf": pdf(3),
      "b/scan": pdf(1),
      "b/scan.json": '{"a":1}',
      "b/z.zip": zipOf([
        { name: "안/1.pdf", data: pdf(2), deflate: true },
        { name: "안/2.png", data: JPEG },
      ]),
      "bad.pdf": "%PDF-1.7 nothing",
      "계약서.json": "{}",
    });
    const { names, rejects, rows, files, input } = await staged(kit, folder);
    expect(names).toEqual([
      "a.jpg",
      "b/scan#page=1",
      "b/z/안/1.pdf#page=1",
      "b/z/안/1.pdf#page=2",
      "b/z/안/2.png",
      "계약서.pdf#page=1",
      "계약서.pdf#page=2",
      "계약서.pdf#page=3",
    ]);
    expect(rejects).toEqual([
      ["bad.pdf", "damaged PDF: no readable structure"],
      [
        "계약서.json",
        "the label has no page: 계약서.pdf has 3 pages; the label of one is named 계약서#page=1.json",
      ],
    ]);
    expect(input.summary).toBe("4 PDFs, 6 pages; 2 images; 2 labels, of which 1 has its page");
    expect(rows.find((row) => row.source_name === "b/scan#page=1")?.label).toBe('{"a":1}');
    expect(files).toHaveLength(4); // equal images are one
    expect(new Set(rows.map(({ document }) => document)).size).toBe(4); // none of an image is one of them
    const alone = await staged(kit, join(folder, "계약서.pdf"));
    expect(alone.names).toEqual([1, 2, 3].map((page) => `계약서.pdf#page=${page}`));
    expect(alone.rows.map(({ page }) => page)).toEqual([1, 2, 3]);
    expect((await staged(kit, join(folder, "b/scan"))).names).toEqual(["scan#page=1"]);
    expect((await staged(kit, join(folder, "b/*"))).names).toHaveLength(4);
  });
});

test("names in CP949 on the disk are those of images, documents and labels too", async () => {
  await withKit(async (kit) => {
    const folder = await put(kit, { "a.txt": "" });
    const files = { "가.jpg": JPEG, "가.json": '{"글":1}', "나.pdf": pdf(2) };
    for (const [name, content] of Object.entries(files)) {
      const [bytes = Buffer.of()] = legacyBytes(name);
      await writeFile(Buffer.concat([Buffer.from(`${folder}/`), bytes]), content);
    }
    const { names, rejects, rows } = await staged(kit, folder);
    expect(names).toEqual(["가.jpg", "나.pdf#page=1", "나.pdf#page=2"]);
    expect(rejects).toEqual([]);
    expect(rows[0]?.label).toBe('{"글":1}');
  });
});

test("--split-pages makes rows of the pages of each TIFF; without, and of one page, it is one", async () => {
  await withKit(async (kit) => {
    const folder = await put(kit, {
      "1.tif": tiff(3),
      "2.TIFF": tiff(1),
      "3.tif": "II*\0 no more",
      "4.zip": zipOf([{ name: "5.tif", data: tiff(2) }]),
    });
    expect((await staged(kit, folder)).names).toEqual(["1.tif", "2.TIFF", "3.tif", "4/5.tif"]);
    const { names, input } = await staged(kit, folder, { splitPages: true });
    expect(names).toEqual([
      ...[1, 2, 3].map((page) => `1.tif#page=${page}`),
      "2.TIFF",
      "3.tif",
      "4/5.tif#page=1",
      "4/5.tif#page=2",
    ]);
    expect(input.summary).toBe("2 TIFFs, 5 pages; 2 images");
  });
});

test("a label names a page of a document by its number, beside it or in a folder or zip of labels", async () => {
  await withKit(async (kit) => {
    const label = (at: number) => JSON.stringify({ 쪽: at });
    const folder = await put(kit, {
      "원천/계약서.pdf": pdf(3),
      "원천/팩스.tif": tiff(2),
      "원천/c.pdf#page=1.jpg": JPEG,
      "원천/c.pdf#page=1.json": label(9),
      "라벨/계약서#page=1.json": label(1),
      "라벨/계약서.pdf#page=3.json": label(3),
      "라벨/팩스#page=2.json": label(2),
      "라벨/팩스.json": label(0),
      "라벨/계약서#page=4.json": label(4),
    });
    const { rows, rejects } = await staged(kit, folder, { splitPages: true });
    const labelled = rows.filter(({ label }) => label != null);
    expect(labelled.map(({ source_name, label }) => [source_name, label])).toEqual([
      ["원천/c.pdf#page=1.jpg", label(9)],
      ["원천/계약서.pdf#page=1", label(1)],
      ["원천/계약서.pdf#page=3", label(3)],
      ["원천/팩스.tif#page=2", label(2)],
    ]);
    expect(rejects).toEqual([
      ["라벨/계약서#page=4.json", "the label has no page: no page is named 계약서#page=4"],
      [
        "라벨/팩스.json",
        "the label has no page: 원천/팩스.tif has 2 pages; the label of one is named 팩스#page=1.json",
      ],
    ]);
  });
});

test("TIFFs of several pages that become one row each are told", async () => {
  await withKit(async (kit) => {
    const told = "1.tif has 3 pages; each file becomes one row, with --split-pages each page does";
    const folder = await put(kit, { "1.tif": tiff(3), "2.tif": tiff(1), "3.tif": "II*\0 no more" });
    expect((await kit.session.open(folder)).notices).toEqual([told]);
    expect((await kit.session.open(join(folder, "2.tif"))).notices).toEqual([]);
    await put(kit, { "a.pdf": pdf(1), "4.tif": tiff(2) });
    expect((await kit.session.open(folder)).notices).toEqual([
      told.replace("pages;", "pages, and others have several;"),
    ]);
    expect((await kit.session.open(folder, { splitPages: true })).notices).toEqual([]);
  });
});

test("TIFFs of several pages are told in a zip too, beside metadata, and where their names say nothing", async () => {
  await withKit(async (kit) => {
    const told = (name: string) =>
      `${name} has 3 pages; each file becomes one row, with --split-pages each page does`;
    const zip = zipOf([{ name: "팩스.tif", data: tiff(3), deflate: true }]);
    const metadata = '{"file_name": "1.tif"}\n';
    const described = zipOf([
      { name: "1.tif", data: tiff(3) },
      { name: "metadata.jsonl", data: metadata },
    ]);
    const cases: [string, Record<string, Uint8Array | string>, string][] = [
      ["a", { "a/한.zip": zip }, "한/팩스.tif"],
      ["b", { "b/1.tif": tiff(3), "b/metadata.jsonl": metadata }, "1.tif"],
      ["c.zip", { "c.zip": described }, "1.tif"],
      ["d", { "d/fax": tiff(3) }, "fax"],
      ["e", { "e/fax": tiff(3), "e/a.pdf": pdf(1), "e/1.jpg": JPEG }, "fax"],
    ];
    for (const [name, files, path] of cases) {
      const folder = await put(kit, files);
      expect((await kit.session.open(join(folder, name))).notices).toEqual([told(path)]);
    }
  });
});

test("a TIFF that was not copied whole says that pages are missing", async () => {
  await withKit(async (kit) => {
    const whole = tiff(3);
    const folder = await put(kit, { "1.tif": whole.subarray(0, whole.length - 102), "2.tif": whole });
    const { names, input } = await staged(kit, folder, { splitPages: true });
    expect(names).toEqual(["1.tif#page=1", "1.tif#page=2", ...[1, 2, 3].map((page) => `2.tif#page=${page}`)]);
    expect(input.notices).toEqual(["1.tif: damaged behind page 2: pages that follow there are missing"]);
  });
});

test("what is named twice is taken once: a document, an image, a part of a zip, a file of a folder that is named too", async () => {
  await withKit(async (kit) => {
    const zip = zipOf([{ name: "z.jpg", data: JPEG }]);
    const folder = await put(kit, {
      "a/1.pdf": pdf(2),
      "a/b/2.jpg": JPEG,
      "3.jpg": JPEG,
      "4.zip.001": zip.subarray(0, 40),
      "4.zip.002": zip.subarray(40),
    });
    const opened = async (...names: string[]) => {
      const input = await kit.session.open(names.map((name) => join(folder, name)));
      return [input.rowCount, input.fileCount, input.notices];
    };
    const told = (name: string, more = false) => [
      `${more ? "2 paths given more than once are" : "1 path given more than once is"} taken once: ${join(folder, name)}${more ? "..." : ""}`,
    ];
    expect(await opened("a/1.pdf", "a/1.pdf")).toEqual([2, 1, told("a/1.pdf")]);
    expect(await opened("3.jpg", "3.jpg")).toEqual([1, 1, told("3.jpg")]);
    expect(await opened("a", "a/1.pdf", "a/b")).toEqual([3, 2, told("a/1.pdf", true)]);
    expect(await opened("a/b/2.jpg", "a", "3.jpg")).toEqual([4, 3, told("a/b/2.jpg")]);
    expect(await opened("4.zip.001", "4.zip.002", "3.jpg", "3.jpg")).toEqual([2, 2, told("3.jpg")]);
  });
});

test("--split-pages finds a TIFF by its content, where its name says nothing", async () => {
  await withKit(async (kit) => {
    const folder = await put(kit, {
      fax: tiff(3),
      "b/scan.0001": tiff(2),
      "c.zip": zipOf([{ name: "fax", data: tiff(2) }]),
      "d.jpg": JPEG,
    });
    const { names, input } = await staged(kit, folder, { splitPages: true });
    const pages = (name: string, count: number) =>
      Array.from({ length: count }, (_, at) => `${name}#page=${at + 1}`);
    expect(names).toEqual([...pages("b/scan.0001", 2), ...pages("c/fax", 2), "d.jpg", ...pages("fax", 3)]);
    expect(input.summary).toBe("3 TIFFs, 7 pages; 1 image");
    expect((await staged(kit, join(folder, "fax"), { splitPages: true })).names).toEqual(pages("fax", 3));
  });
});

test("--split-pages reads no more of a TIFF than its directories, and rejects one above 2 GB", async () => {
  await withKit(async (kit) => {
    const folder = await put(kit, { "1.tif": tiff(3), "2.tif": tiff(3) });
    await truncate(join(folder, "1.tif"), 1_900_000_000);
    await truncate(join(folder, "2.tif"), 2_000_000_001);
    Bun.gc(true);
    const before = process.memoryUsage().rss;
    const input = await kit.session.open(folder, { splitPages: true });
    expect(process.memoryUsage().rss - before).toBeLessThan(1_000_000_000);
    const rows = await kit.rows(await input.rows());
    expect(rows.map(({ __image_path, __page, __reject }) => [__image_path, __page, __reject])).toEqual([
      ["1.tif", 1, null],
      ["1.tif", 2, null],
      ["1.tif", 3, null],
      ["2.tif", null, "TIFF of 2 GB; the limit is 2 GB"],
    ]);
  });
});

test("a document that no given password opens says so, and is one to ask the password of", async () => {
  await withKit(async (kit) => {
    const page = { content: "0 0 10 10 re f" };
    const folder = await put(kit, { "a.pdf": encryptedPdf([page], { user: "비밀", owner: "own" }) });
    const reasons = [
      [
        [],
        "PDF is encrypted; give its password: --password-file of the command, X-Document-Password over HTTP",
      ],
      [["wrong", "too"], "PDF is encrypted, and none of the given passwords opens it"],
    ] as const;
    for (const [passwords, reason] of reasons) {
      const input = await kit.session.open(folder, { passwords });
      expect(input.lockedDocuments).toEqual(["a.pdf"]);
      expect((await kit.rows(await input.rows())).map(({ __reject }) => __reject)).toEqual([reason]);
    }
    expect((await kit.session.open(folder, { passwords: ["비밀"] })).lockedDocuments).toEqual([]);
  });
});
