import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createDocumentReader, type DocumentReader } from "../../src/documents/document-reader.ts";
import { NOTO_SANS_KR } from "../documents/korean.ts";
import { MAIN } from "../documents/reader.ts";
import { samplesOf } from "../documents/samples.ts";
import { runPython } from "./python.ts";

const SAMPLES = resolve(import.meta.dir, "../../.cache/pdf-samples");
const DOCUMENTS_MS = 600_000;

let folder: string;
let reader: DocumentReader;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "documents-"));
  reader = createDocumentReader({ selfCommand: [process.execPath, MAIN] });
  await runPython("documents", "make_documents.py", join(folder, "made"));
}, DOCUMENTS_MS);
afterAll(async () => {
  await reader.close();
  await rm(folder, { recursive: true });
});

interface Checked {
  differences: string[];
  counts: Record<string, number>;
}

async function check(results: object[]): Promise<Checked> {
  const file = join(folder, "results.jsonl");
  await writeFile(file, results.map((result) => JSON.stringify(result)).join("\n"));
  return JSON.parse(await runPython("documents", "check_documents.py", file)) as Checked;
}

/** Text in a font that nobody has, which pypdfium2 leaves out without a word; a page of 1,225 megapixels. */
const REFUSED = / uses the | above the limit of /;

test(
  "PDFs of other people have the pages and the pixels that pypdfium2 finds",
  async () => {
    const names = (await readdir(SAMPLES, { recursive: true }))
      .filter((name) => name.endsWith(".pdf"))
      .sort();
    expect(names.length).toBeGreaterThan(150);
    const results = await Promise.all(
      names.map(async (name, index) => {
        const pdf = join(SAMPLES, name);
        const image = join(folder, `page-${index}`);
        const request = { path: pdf, page: 1, passwords: [], dpi: 72, font: NOTO_SANS_KR, maxPixels: 1e8 };
        try {
          const { pages } = await reader.describe(pdf, { passwords: [] });
          const result = await reader.extractPage({ ...request, image: true, text: true, output: image });
          return result.ok
            ? { pdf, pages, image, source: result.source }
            : { pdf, pages, reason: result.reason };
        } catch (error) {
          return { pdf, error: error instanceof Error ? error.message : String(error) };
        }
      }),
    );
    const { differences, counts } = await check(results);
    expect(differences.filter((difference) => !REFUSED.test(difference))).toEqual([]);
    expect(counts["page refused"]).toBeLessThan(10);
    expect(counts.drawn).toBeGreaterThan(80);
    expect(counts.image).toBeGreaterThan(10);
    expect(counts.equal ?? 0).toBeGreaterThan((counts.close ?? 0) * 2);
  },
  DOCUMENTS_MS,
);

describe("encrypted PDFs", () => {
  for (const [revision, user] of [
    [2, "secret"],
    [3, "secret"],
    [4, "secret"],
    [6, "비밀"],
  ] as const) {
    test(`of revision ${revision} open with the user's and the owner's password`, async () => {
      const path = join(folder, "made", `encrypted-${revision}.pdf`);
      for (const password of [user, "owner"]) {
        const passwords = ["wrong", password];
        expect(await reader.describe(path, { passwords })).toMatchObject({ pages: 1, encrypted: true });
        const output = join(folder, "encrypted.png");
        const request = { path, page: 1, passwords, dpi: 72, font: null, maxPixels: 1e8, output };
        expect(await reader.extractPage({ ...request, image: true, text: false })).toMatchObject({
          ok: true,
        });
        const { at } = await samplesOf(output);
        expect([at(50, 50), at(150, 50)]).toEqual([[0], [255]]);
      }
      expect(reader.describe(path, { passwords: ["wrong"] })).rejects.toThrow("PDF is encrypted");
    });
  }
});

test(
  "HEIC by pillow-heif and JPEG 2000 by Pillow give the samples that these read",
  async () => {
    const made = join(folder, "made");
    const names = (await readdir(made)).filter((name) => /\.(heic|jp2|j2k)$/.test(name)).sort();
    expect(names).toHaveLength(15);
    const results = await Promise.all(
      names.map(async (name) => {
        const image = join(folder, `${name}.png`);
        const kind = name.endsWith(".heic") ? "heic" : "jp2";
        const result = await reader.convert({ path: join(made, name), kind, maxPixels: 1e6, output: image });
        expect({ name, result }).toEqual({
          name,
          result: {
            ok: true,
            width: 400,
            height: 300,
            images: name === "several.heic" ? 2 : 1,
            bitDepth: name === "deep.jp2" ? 16 : name === "deep.heic" ? 10 : 8,
          },
        });
        // Two builds of libheif round colours in their own way.
        return { image, samples: join(made, `${name}.npy`), tolerance: kind === "heic" ? 2 : 1 };
      }),
    );
    // Pillow reads no colours of 16 bits.
    const { differences, counts } = await check(
      results.filter(({ image }) => !image.endsWith("deep.heic.png")),
    );
    expect(differences).toEqual([]);
    expect(counts.image).toBe(14);
    const { depth, channels, data } = await samplesOf(join(folder, "deep.heic.png"));
    expect({ depth, channels }).toEqual({ depth: "ushort", channels: 3 });
    expect(new Set(Array.from(data, (sample) => sample >> 6)).size).toBeGreaterThan(1000);
  },
  DOCUMENTS_MS,
);
