import { describe, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { createArchiveFiles } from "../../src/ingest/collection/archive-files.ts";
import { openInputs } from "../../src/ingest/formats.ts";
import { legacyBytes } from "../../src/ingest/legacy-names.ts";
import { hash, type IngestKit, withKit } from "./kit.ts";
import { type Packed, zipOf } from "./zip-kit.ts";

const JPEG = Buffer.from("\xff\xd8\xff\xe0 a page", "latin1");

function pages(...names: string[]): Packed[] {
  return names.map((name, at) => ({ name, data: page(at), deflate: at % 2 === 1 }));
}

function page(at: number): Buffer {
  return Buffer.concat([JPEG, Buffer.from(` ${at} `.repeat(50))]);
}

async function put(kit: IngestKit, name: string, content: Uint8Array | string): Promise<string> {
  const path = join(kit.folder, "in", name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

/** Names, hashes and reasons of what is staged of a path. */
async function staged(kit: IngestKit, path: string | string[]) {
  const { rows, plan, files } = await kit.stage(path, { mode: "append" });
  return {
    names: rows.map((row) => row.source_name),
    hashes: rows.map((row) => row.source_hash),
    rejects: rows.map((row) => row.__reject).filter((reason) => reason !== null),
    notices: plan.notices,
    files,
    rows,
  };
}

function refusal(kit: IngestKit, path: string): Promise<{ code: string; message: string }> {
  return kit.session.open(path).then(
    () => ({ code: "none", message: "" }),
    (error) => error,
  );
}

test("a zip can be opened again with the same work folder, as after a try that ran out of memory", async () => {
  await withKit(async (kit) => {
    const path = await put(kit, "a.zip", zipOf(pages("1.jpg", "2.jpg")));
    const ends: (() => Promise<void> | void)[] = [];
    const context = {
      database: kit.session.database,
      scratch: kit.folder,
      documents: { describe: () => Promise.reject(new Error("there are no documents")) },
      onClose: (work: () => Promise<void> | void) => void ends.push(work),
    };
    for (const _ of [1, 2]) expect((await openInputs([path], context)).rowCount).toBe(2);
    for (const end of ends) await end();
  });
});

describe("images in a zip", () => {
  test("are taken as those of a folder, stored or deflated, in the order of their paths", async () => {
    await withKit(async (kit) => {
      const path = await put(kit, "scans.zip", zipOf(pages("b/2.jpg", "b/1.jpg", "a.jpg", "c/d/3.jpg")));
      const { names, hashes, files, rejects } = await staged(kit, path);
      expect(names).toEqual(["a.jpg", "b/1.jpg", "b/2.jpg", "c/d/3.jpg"]);
      expect(hashes).toEqual([2, 1, 0, 3].map((at) => hash(page(at))));
      expect(files).toHaveLength(4);
      expect(rejects).toEqual([]);
    });
  });

  test("have Korean names from UTF-8, CP949 and NFD, and from the field beside a name", async () => {
    await withKit(async (kit) => {
      const name = "계약서/똠방각하.jpg";
      const cp949 = Buffer.concat(legacyBytes(name).slice(0, 1));
      const data = Buffer.from("?.jpg");
      const field = Buffer.concat([Buffer.from([0x75, 0x70, 0, 0, 1, 0, 0, 0, 0]), Buffer.from(name)]);
      field.writeUInt16LE(field.length - 4, 2);
      field.writeUInt32LE(crc32(data), 5);
      const entries: Record<string, Packed> = {
        flag: { name },
        noflag: { name: Buffer.from(name) },
        cp949: { name: cp949 },
        nfd: { name: name.normalize("NFD") },
        field: { name: data, extra: field },
      };
      for (const [kind, entry] of Object.entries(entries)) {
        const path = await put(kit, `${kind}.zip`, zipOf([{ ...entry, data: page(0) }]));
        expect({ kind, names: (await staged(kit, path)).names }).toEqual({ kind, names: [name] });
      }
    });
  });

  test("have one encoding for all names of a zip: CP949 that is UTF-8 by chance is CP949", async () => {
    await withKit(async (kit) => {
      const cp949 = (name: string) => legacyBytes(name)[0] ?? Buffer.from(name);
      const utf8 = (name: string) => Buffer.from(name);
      const zips: Record<string, [(name: string) => Buffer, string[]]> = {
        chance: [cp949, ["a.jpg", "책/1.jpg", "표/2.jpg", "홍채/3.jpg"]],
        one: [cp949, ["책/1.jpg", "계약서/2.jpg", "표.jpg"]],
        mac: [utf8, ["b.jpg", "책/1.jpg", "표/2.jpg", "계약서/3.jpg"]],
        europe: [utf8, ["café/1.jpg", "é.jpg", "Müller.jpg"]],
      };
      for (const [kind, [encode, names]] of Object.entries(zips)) {
        const packed = names.map((name, at) => ({ name: encode(name), data: page(at) }));
        const found = (await staged(kit, await put(kit, `${kind}.zip`, zipOf(packed)))).names;
        expect({ kind, names: new Set(found) }).toEqual({ kind, names: new Set(names) });
      }
    });
  });

  test("of several zips lie in folders of their names, as if each were unpacked", async () => {
    await withKit(async (kit) => {
      const first = await put(kit, "원천 1.zip", zipOf(pages("a.jpg", "b.jpg")));
      const second = await put(kit, "sub/원천 2.zip", zipOf(pages("a.jpg")));
      expect((await staged(kit, [second, first])).names).toEqual([
        "sub/원천 2/a.jpg",
        "원천 1/a.jpg",
        "원천 1/b.jpg",
      ]);
      await put(kit, "beside.jpg", page(9));
      expect((await staged(kit, dirname(first))).names).toEqual([
        "beside.jpg",
        "sub/원천 2/a.jpg",
        "원천 1/a.jpg",
        "원천 1/b.jpg",
      ]);
    });
  });

  test("are known without an extension, and what systems and links leave is no page", async () => {
    await withKit(async (kit) => {
      const entries: Packed[] = [
        { name: "0f3c", data: JPEG },
        { name: "folder/", data: "" },
        { name: "__MACOSX/._0f3c", data: "x" },
        { name: ".DS_Store", data: "x" },
        { name: "Thumbs.db", data: "x" },
        { name: "link.jpg", data: "0f3c", mode: 0o120777 },
        { name: "readme.txt", data: "x" },
        { name: "a.psd", data: "8BPS" },
      ];
      const { names, notices } = await staged(kit, await put(kit, "a.zip", zipOf(entries)));
      expect(names).toEqual(["0f3c"]);
      expect(notices).toEqual([
        "1 Photoshop file is left out; export as PNG or TIFF first",
        "1 file beside the images is not an image and is left behind: readme.txt",
      ]);
    });
  });

  test("are found by metadata in the zip", async () => {
    await withKit(async (kit) => {
      const metadata = '{"file_name": "1.jpg", "text": "가"}\n{"file_name": "2.jpg", "text": "나"}\n';
      const entries = [
        ...pages("train/1.jpg", "train/2.jpg", "x.jpg"),
        { name: "train/metadata.jsonl", data: metadata },
      ];
      const { rows, notices } = await staged(kit, await put(kit, "a.zip", zipOf(entries)));
      expect(rows.map(({ text, source_name, source_hash }) => [text, source_name, source_hash])).toEqual([
        ["가", "train/1.jpg", hash(page(0))],
        ["나", "train/2.jpg", hash(page(1))],
      ]);
      expect(notices).toEqual(["left out: 1 image that the metadata does not name"]);
    });
  });

  test("larger than a few MB pass through scratch", async () => {
    await withKit(async (kit) => {
      const large = Buffer.concat([JPEG, Buffer.from(crypto.getRandomValues(new Uint8Array(60_000)))]);
      const padded = Buffer.concat([large, Buffer.alloc(9 << 20, large)]);
      const path = await put(
        kit,
        "a.zip",
        zipOf([{ name: "a.jpg", data: padded, deflate: true }, ...pages("b.jpg")]),
      );
      const { hashes, rejects } = await staged(kit, path);
      // above the limit of this test's lake, by what the zip says
      expect(rejects).toEqual([expect.stringContaining("too large: ")]);
      const input = await kit.session.open(path);
      const entry = input.openEntry?.("a.jpg");
      expect(hash((await entry?.bytes()) ?? "")).toBe(hash(padded));
      expect(await entry?.asFile(async (file) => hash(await Bun.file(file).bytes()))).toBe(hash(padded));
      expect(hashes[1]).toBe(hash(page(0)));
    });
  });
});

const isRoot = process.platform === "linux" && process.getuid?.() === 0;

test.if(isRoot)("a scratch folder that is full is named", async () => {
  await withKit(async (kit) => {
    const path = await put(
      kit,
      "a.zip",
      zipOf(pages(...Array.from({ length: 4000 }, (_, at) => `${at}.jpg`))),
    );
    const scratch = join(kit.folder, "small");
    await mkdir(scratch);
    if (Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=64k", "none", scratch]).exitCode !== 0) return;
    const ends: (() => Promise<void> | void)[] = [];
    const files = createArchiveFiles({ scratch, onClose: (work) => void ends.push(work) });
    try {
      const all = Array.fromAsync(files.add(path, [{ path, local: path }], ""));
      expect(await all.catch((error) => error)).toMatchObject({
        code: "no_space",
        message: expect.stringContaining(`no space is left in the scratch folder ${scratch}`),
      });
    } finally {
      for (const end of ends) await end();
      Bun.spawnSync(["umount", "-l", scratch]);
    }
  });
});

describe("parts of a zip", () => {
  const whole = zipOf(pages("a.jpg", "b.jpg", "c.jpg"));
  const cut = (sizes: number[]) => {
    const ends = [0, ...sizes, whole.length];
    return ends.slice(1).map((end, at) => whole.subarray(ends[at], end));
  };

  test("are joined: counted, or by where each begins, whichever is named", async () => {
    await withKit(async (kit) => {
      const [first, second, third] = cut([100, 250]) as [Buffer, Buffer, Buffer];
      const named = await put(kit, "n/TS 1.zip.part0", first);
      await put(kit, "n/TS 1.zip.part100", second);
      await put(kit, "n/TS 1.zip.part250", third);
      expect((await staged(kit, named)).names).toEqual(["a.jpg", "b.jpg", "c.jpg"]);
      expect((await staged(kit, dirname(named))).names).toEqual(["TS 1/a.jpg", "TS 1/b.jpg", "TS 1/c.jpg"]);
      await put(kit, "c/a.zip.001", first);
      await put(kit, "c/a.zip.002", second);
      const { hashes, names } = await staged(kit, await put(kit, "c/a.zip.003", third));
      expect(names).toEqual(["a.jpg", "b.jpg", "c.jpg"]);
      expect(hashes).toEqual([0, 1, 2].map((at) => hash(page(at))));
    });
  });

  test("that lack one are refused with the place", async () => {
    await withKit(async (kit) => {
      const [first, , third] = cut([100, 250]) as [Buffer, Buffer, Buffer];
      const path = await put(kit, "n/a.zip.part0", first);
      await put(kit, "n/a.zip.part250", third);
      expect(await refusal(kit, path)).toMatchObject({
        code: "invalid_input",
        message: expect.stringContaining("is missing behind a.zip.part0"),
      });
      expect(await refusal(kit, await put(kit, "m/b.zip.part2", third))).toMatchObject({
        code: "invalid_input",
        message: expect.stringContaining("the first part of"),
      });
      await put(kit, "l/c.zip.part0", whole.subarray(0, 100));
      expect(await refusal(kit, await put(kit, "l/c.zip.part1", whole.subarray(100, -9)))).toMatchObject({
        code: "invalid_input",
        message:
          "c.zip is no zip, or not whole; copy its parts again, and look whether the last one is there",
      });
    });
  });
});

test("bytes behind the end of a zip are read past, with a comment before them or without", async () => {
  await withKit(async (kit) => {
    const whole = zipOf(pages("가.jpg", "b.jpg"));
    const commented = Buffer.concat([whole, Buffer.from("한글 댓글")]);
    commented.writeUInt16LE(commented.length - whole.length, whole.length - 2);
    for (const [at, zip] of [whole, commented].entries()) {
      for (const [index, behind] of [
        Buffer.alloc(1),
        Buffer.alloc(60_000),
        Buffer.from("\r\nPK"),
      ].entries()) {
        const path = await put(kit, `${at}-${index}.zip`, Buffer.concat([zip, behind]));
        expect((await staged(kit, path)).names).toEqual(["b.jpg", "가.jpg"]);
      }
    }
  });
});

test("of zips of one name in several folders the damaged one is named by its path", async () => {
  await withKit(async (kit) => {
    const folder = dirname(dirname(await put(kit, "all/1/images.zip", zipOf(pages("a.jpg")))));
    await put(kit, "all/2/images.zip", zipOf(pages("b.jpg")).subarray(0, 30));
    expect((await refusal(kit, folder)).message).toStartWith("2/images.zip is no zip");
    await put(kit, "all/2/images.zip", zipOf([{ name: "b.jpg", data: JPEG, flags: 1 }]));
    const { rejects } = await staged(kit, folder);
    expect(rejects).toEqual([expect.stringMatching(/^2\/images\.zip: b\.jpg is encrypted/)]);
  });
});

describe("a zip that nobody should unpack is refused in one sentence", () => {
  const small = Buffer.alloc(12_000_000);
  const refused: [string, Buffer, string][] = [
    [
      "parent folder",
      zipOf([{ name: "../../x.jpg" }]),
      "a.zip: entry ../../x.jpg points outside the archive",
    ],
    [
      "inner parent",
      zipOf([{ name: "b/../../x.jpg" }]),
      "a.zip: entry b/../../x.jpg points outside the archive",
    ],
    ["absolute", zipOf([{ name: "/etc/x.jpg" }]), "a.zip: entry /etc/x.jpg points outside the archive"],
    ["drive", zipOf([{ name: "C:/x.jpg" }]), "a.zip: entry C:/x.jpg points outside the archive"],
    ["backslash", zipOf([{ name: "a\\x.jpg" }]), "a.zip: entry a\\x.jpg has a backslash in its name; "],
    ["NUL", zipOf([{ name: "a\0.jpg" }]), "has a NUL in its name"],
    ["twice", zipOf(pages("a.jpg", "a.jpg")), "two entries are named a.jpg"],
    [
      "twice but for case",
      zipOf(pages("페이지/A.jpg", "페이지/a.JPG")),
      "a.zip: two entries are named 페이지/A.jpg and 페이지/a.JPG, the same but for upper and lower case",
    ],
    [
      "twice but for the form",
      zipOf(pages("가.jpg", "가.jpg".normalize("NFD"))),
      "two entries are named 가.jpg",
    ],
    [
      "a zip in it",
      zipOf([{ name: "b/c.zip", data: zipOf([]) }]),
      "b/c.zip is a zip in a zip; unpack the outer one first",
    ],
    [
      "a bomb",
      zipOf(Array.from({ length: 9 }, (_, at) => ({ name: `${at}.jpg`, data: small, deflate: true }))),
      "a.zip unpacks to more than 200 times its size",
    ],
    ["empty", zipOf([]), "holds nothing that can be uploaded"],
    ["no zip", Buffer.from("nothing of the sort"), "a.zip is no zip, or not whole; copy it again"],
    [
      "cut off",
      zipOf(pages("a.jpg", "b.jpg")).subarray(0, 300),
      "a.zip is no zip, or not whole; copy it again",
    ],
    ["fewer entries than it says", zipOf(pages("a.jpg"), { count: 2 }), "a.zip is"],
  ];
  for (const [what, content, message] of refused) {
    test(what, async () => {
      await withKit(async (kit) => {
        const error = await refusal(kit, await put(kit, "a.zip", content));
        expect(error.message).toContain(message);
        expect(["invalid_input", "unsupported_format"]).toContain(error.code);
      });
    });
  }
});

describe("an entry that cannot be read costs its row", () => {
  const bad: [string, Packed, string][] = [
    [
      "encrypted",
      { name: "a.jpg", data: JPEG, flags: 1 },
      "a.zip: a.jpg is encrypted; unpack it with its password first",
    ],
    [
      "another method",
      { name: "a.jpg", data: JPEG, method: 9 },
      "a.zip: a.jpg is packed by Deflate64, which cannot be read",
    ],
    [
      "unpacks to more",
      { name: "a.jpg", data: page(1), deflate: true, sizeBytes: 20 },
      "a.zip: a.jpg does not unpack to the 20 B that the zip says",
    ],
    [
      "unpacks to less",
      { name: "a.jpg", data: page(1), deflate: true, sizeBytes: 9000 },
      "a.zip: a.jpg does not unpack to the 9.0 kB",
    ],
    [
      "another checksum",
      { name: "a.jpg", data: JPEG, crc: 1 },
      "a.zip: a.jpg is damaged: its checksum is another",
    ],
    [
      "no deflate",
      { name: "a.jpg", data: JPEG, method: 8 },
      "a.zip: a.jpg is damaged: it cannot be unpacked",
    ],
    [
      "ratio",
      { name: "a.jpg", data: Buffer.alloc(11_000_000), deflate: true },
      "a.zip: a.jpg unpacks to more than 200 times its size",
    ],
    ["empty", { name: "a.jpg", data: "" }, "the image is empty"],
  ];
  for (const [what, entry, reason] of bad) {
    test(what, async () => {
      await withKit(async (kit) => {
        const path = await put(kit, "a.zip", zipOf([entry, ...pages("b.jpg")]));
        const input = await kit.session.open(path);
        // what is judged by its content is read whatever its size is
        const read = await input
          .openEntry?.("a.jpg")
          ?.bytes()
          .then(
            () => "read",
            (error) => error.message,
          );
        const { names, rejects, hashes } = await staged(kit, path);
        expect(names).toEqual(["a.jpg", "b.jpg"]);
        expect(hashes[1]).toBe(hash(page(0)));
        if (what === "ratio") expect(read).toContain(reason);
        else expect(rejects).toEqual([expect.stringContaining(reason)]);
      });
    });
  }
});

test("an entry that passes through scratch is proved in the same way", async () => {
  await withKit(async (kit) => {
    const entries: Packed[] = [
      { name: "longer.jpg", data: page(1), deflate: true, sizeBytes: 20 },
      { name: "shorter.jpg", data: page(1), sizeBytes: 9000 },
      { name: "crc.jpg", data: JPEG, crc: 1 },
      { name: "broken.jpg", data: JPEG, method: 8 },
    ];
    const input = await kit.session.open(await put(kit, "a.zip", zipOf(entries)));
    const reasons = entries.map(({ name }) =>
      input
        .openEntry?.(String(name))
        ?.asFile(async () => "read")
        .catch((error) => error.message),
    );
    expect(await Promise.all(reasons)).toEqual([
      "a.zip: longer.jpg does not unpack to the 20 B that the zip says it has",
      "a.zip: shorter.jpg does not unpack to the 9.0 kB that the zip says it has",
      "a.zip: crc.jpg is damaged: its checksum is another",
      "a.zip: broken.jpg is damaged: it cannot be unpacked",
    ]);
  });
});

describe("tables in a zip", () => {
  test("are read as they are by themselves", async () => {
    await withKit(async (kit) => {
      const lines = await put(
        kit,
        "a.zip",
        zipOf([{ name: "l/행.jsonl", data: '{"text":"가"}\n{"text":"나"}\n' }]),
      );
      expect((await staged(kit, lines)).rows.map(({ text }) => text)).toEqual(["가", "나"]);
      const csv = zipOf([
        { name: "1.csv", data: "a,b\n1,x\n", deflate: true },
        { name: "2.csv", data: "a,b\n2,y\n" },
      ]);
      expect((await staged(kit, await put(kit, "b.zip", csv))).rows.map(({ a, b }) => [a, b])).toEqual([
        [1, "x"],
        [2, "y"],
      ]);
    });
  });

  test("beside a table of Parquet are left out, and the upload says so", async () => {
    await withKit(async (kit) => {
      const path = await put(kit, "rows.parquet", "");
      await kit.session.database.run(`COPY (SELECT 1 AS a) TO '${path}' (FORMAT parquet)`);
      await put(kit, "a.zip", zipOf(pages("1.jpg")));
      await put(kit, "b.pdf", "%PDF");
      const { rows, notices } = await staged(kit, dirname(path));
      expect(rows.map(({ a }) => a)).toEqual([1]);
      expect(notices).toEqual(["2 files beside the tables are left out: a.zip..."]);
    });
  });

  test("of several formats are refused, and a damaged one by its name in the zip", async () => {
    await withKit(async (kit) => {
      const mixed = zipOf([
        { name: "1.csv", data: "a,b\n1,x\n" },
        { name: "2.jsonl", data: "{}" },
      ]);
      expect((await refusal(kit, await put(kit, "a.zip", mixed))).message).toContain(
        "holds csv and jsonl files",
      );
      const broken = zipOf([{ name: "t/1.parquet", data: "PAR1 no more" }]);
      const error = await refusal(kit, await put(kit, "b.zip", broken));
      expect(error.code).toBe("invalid_input");
      expect(error.message).toContain("t/1.parquet");
      expect(error.message).not.toContain("unpacked");
    });
  });
});
