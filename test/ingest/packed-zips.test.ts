/** Zips in the zip that a client makes of what it gives (`packed`). */
import { describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hash, type IngestKit, withKit } from "./kit.ts";
import { type Packed, zipOf } from "./zip-kit.ts";

const JPEG = Buffer.from("\xff\xd8\xff\xe0 a page", "latin1");
const page = (at: number) => Buffer.concat([JPEG, Buffer.from(` ${at} `.repeat(50))]);
const SCANS = zipOf([
  { name: "1.jpg", data: page(1), deflate: true },
  { name: "2.jpg", data: page(2) },
]);
const LABELS = zipOf([
  { name: "1.json", data: '{"글": 1}', deflate: true },
  { name: "2.json", data: '{"글": 2}' },
]);

async function staged(kit: IngestKit, entries: readonly Packed[], isPacked = true) {
  const path = join(kit.folder, "모음.zip");
  await writeFile(path, zipOf(entries));
  const options = isPacked ? { packed: true } : {};
  return kit.stage(path, { mode: "append" }, options);
}

function refusal(kit: IngestKit, entries: readonly Packed[], isPacked = true) {
  return staged(kit, entries, isPacked).then(
    () => ({ code: "none", message: "" }),
    ({ code, message }) => ({ code, message }),
  );
}

test("zips are opened as if each were given by itself, labels find their pages, and other files stay", async () => {
  await withKit(async (kit) => {
    const { rows } = await staged(kit, [
      { name: "라벨.zip", data: LABELS },
      { name: "사진/낱장.jpg", data: page(3), deflate: true },
      { name: "원천.zip", data: SCANS },
    ]);
    expect(rows.map((row) => [row.source_name, row.source_hash, row.label ?? null])).toEqual([
      ["사진/낱장.jpg", hash(page(3)), null],
      ["원천/1.jpg", hash(page(1)), '{"글": 1}'],
      ["원천/2.jpg", hash(page(2)), '{"글": 2}'],
    ]);
    const given = await Promise.all(
      Object.entries({ "라벨.zip": LABELS, "원천.zip": SCANS }).map(async ([name, content]) => {
        const path = join(kit.folder, name);
        await writeFile(path, content);
        return path;
      }),
    );
    const apart = await kit.stage(given, { mode: "append" });
    expect(apart.rows.map((row) => row.source_name)).toEqual(["원천/1.jpg", "원천/2.jpg"]);
    const both = await staged(kit, [
      { name: "라벨.zip", data: LABELS },
      { name: "원천.zip", data: SCANS },
    ]);
    const facts = ({ rows }: typeof both) => rows.map(({ upload_id: _, ...row }) => row);
    expect(facts(both)).toEqual(facts(apart));
  });
});

test("a zip without the ending is known by its content where it was given by itself", async () => {
  await withKit(async (kit) => {
    const entries = [
      { name: "원천", data: SCANS },
      { name: "폴더/라벨", data: LABELS },
      { name: "표.docx", data: SCANS },
    ];
    const { rows, plan } = await staged(kit, entries);
    expect(rows.map((row) => row.source_name)).toEqual(["원천/1.jpg", "원천/2.jpg"]);
    // As in a folder on a disk.
    expect(plan.notices.join()).toMatch(/1 ZIP file is left out; .*give it the ending .zip/);
  });
});

test("parts of a zip are joined", async () => {
  await withKit(async (kit) => {
    const { rows } = await staged(kit, [
      { name: "a.zip.002", data: SCANS.subarray(300) },
      { name: "a.zip.001", data: SCANS.subarray(0, 300) },
    ]);
    expect(rows.map((row) => row.source_name)).toEqual(["a/1.jpg", "a/2.jpg"]);
  });
});

test("an encrypted file in a zip costs its row", async () => {
  await withKit(async (kit) => {
    const secret = zipOf([
      { name: "1.jpg", data: page(1), flags: 1 },
      { name: "2.jpg", data: page(2) },
    ]);
    const { rows } = await staged(kit, [{ name: "a.zip", data: secret }]);
    expect(rows.map((row) => row.__reject)).toEqual([
      expect.stringContaining("is encrypted; unpack it with its password first"),
      null,
    ]);
  });
});

describe("is refused in one sentence:", () => {
  const nested = zipOf([{ name: "b.zip", data: SCANS }]);
  const at = (name: string, says: Partial<Packed>): Packed => ({ name, data: SCANS, ...says });
  const cases: Record<string, { entries: Packed[]; code: string; says: string }> = {
    "a compressed zip": {
      entries: [{ name: "a.zip", data: Buffer.concat([SCANS, Buffer.alloc(500)]), deflate: true }],
      code: "unsupported_format",
      says: "모음.zip: a.zip is compressed in the zip that it is packed in; store it there as it is (zip -0)",
    },
    "an encrypted zip": {
      entries: [at("a.zip", { flags: 1 })],
      code: "unsupported_format",
      says: "모음.zip: a.zip is encrypted in the zip that it is packed in; pack that without a password",
    },
    "a zip in a zip of it": {
      entries: [{ name: "a.zip", data: nested }],
      code: "unsupported_format",
      says: "a/b.zip is a zip in a zip; unpack the outer one first",
    },
    "a zip that is said to be longer than all there is": {
      entries: [at("a.zip", { sizeBytes: 1e6, packedBytes: 1e6 })],
      code: "invalid_input",
      says: "모음.zip: a.zip is damaged: it is not where the zip says",
    },
    "a stored zip of two sizes": {
      entries: [at("a.zip", { sizeBytes: SCANS.length - 1 })],
      code: "invalid_input",
      says: "모음.zip: a.zip is damaged: it is not where the zip says",
    },
    "a zip that is said to be shorter": {
      entries: [at("a.zip", { sizeBytes: SCANS.length - 30, packedBytes: SCANS.length - 30 })],
      code: "invalid_input",
      says: "a.zip is no zip, or not whole; copy it again",
    },
    "a zip whose bytes are another's too": {
      // The first one reaches to the end of the second.
      entries: [
        at("a.zip", { sizeBytes: 2 * SCANS.length + 35, packedBytes: 2 * SCANS.length + 35 }),
        at("b.zip", {}),
        { name: "rest.jpg", data: Buffer.alloc(5 * SCANS.length) },
      ],
      code: "invalid_input",
      says: "모음.zip is a damaged zip: files in it lie over each other; pack it again",
    },
    "more zips than are opened": {
      entries: Array.from({ length: 1001 }, (_, index) => ({ name: `${index}.zip`, data: SCANS })),
      code: "invalid_input",
      says: "모음.zip has more than 1,000 zips; send them in several uploads with mode append",
    },
    "what is no zip in spite of its name": {
      entries: [{ name: "a.zip", data: "text" }],
      code: "invalid_input",
      says: "a.zip is no zip, or not whole; copy it again",
    },
  };
  for (const [what, { entries, code, says }] of Object.entries(cases)) {
    test(what, async () => {
      await withKit(async (kit) => expect(await refusal(kit, entries)).toEqual({ code, message: says }));
    });
  }

  test("a zip in a zip that no client packed, and what is packed as no zip", async () => {
    await withKit(async (kit) => {
      expect(await refusal(kit, [{ name: "a.zip", data: SCANS }], false)).toEqual({
        code: "unsupported_format",
        message: "a.zip is a zip in a zip; unpack the outer one first",
      });
      const path = join(kit.folder, "1.jpg");
      await writeFile(path, page(1));
      const { code, message } = await kit.stage(path, {}, { packed: true }).catch((error) => error);
      expect({ code, message }).toEqual({
        code: "unsupported_format",
        message: `${path} is no zip, as what is packed must be`,
      });
    });
  });
});
