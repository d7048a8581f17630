import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import sharp from "sharp";
import { prepareContents } from "../../src/assets/prepare.ts";
import { OPEN_GATE } from "../../src/images/gate.ts";
import { type Content, createWorkerPool, type PrepareTerms } from "../../src/jobs/pool.ts";
import { silentLogger } from "../../src/log.ts";
import type { PreparedContent } from "../../src/schema/work.ts";
import { bmp, picture, pixels } from "../images/samples.ts";
import { sha256 } from "./staging-kit.ts";

setDefaultTimeout(120_000);

const WORKER = new URL("../../src/worker.ts", import.meta.url);
const POLICIES = ["optimize", "preserve", "jpeg"] as const;
let folder: string;
let terms: PrepareTerms;
/** One whole image of each format. */
let whole: Record<string, Buffer>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "datalake-odd-"));
  const temp_folder = join(folder, "temp");
  await mkdir(temp_folder);
  const limits = { max_pixels: 1e8, max_bytes: 1e8, file_mode: 0o444, file_group: null };
  terms = { kind: "image", policy: "optimize", verify: "full", temp_folder, ...limits };
  const page = (seed: number) => picture(60, 40, seed);
  const pages = await Promise.all([1, 2].map((seed) => page(seed).png().toBuffer()));
  const joined = () => sharp(pages, { join: { animated: true } });
  whole = {
    jpeg: await page(3).jpeg().withMetadata({ orientation: 6 }).toBuffer(),
    progressive: await page(4).jpeg({ progressive: true }).toBuffer(),
    png: await page(5).png().withMetadata({ orientation: 3 }).toBuffer(),
    palette: await page(6).png({ palette: true }).toBuffer(),
    webp: await page(7).webp().toBuffer(),
    animation: await joined().webp().toBuffer(),
    gif: await joined().gif().toBuffer(),
    avif: await page(8).avif({ effort: 0 }).toBuffer(),
    tiff: await page(9).tiff({ compression: "lzw" }).toBuffer(),
    document: await joined().tiff({ compression: "deflate" }).toBuffer(),
    bmp: bmp(60, 40, pixels(60, 40)),
  };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function place(bytes: Buffer, name: string): Promise<Content> {
  const source_hash = sha256(bytes);
  const stagedAt = join(folder, source_hash);
  await writeFile(stagedAt, bytes);
  return { source_hash, place: { stagedAt, staging: folder }, is_stored: false, source_name: name };
}

function reasonOf(content: PreparedContent | undefined): string | undefined {
  return content === undefined || content.ok ? undefined : content.reason;
}

/** Nothing, and nothing that ends before it says what is wrong. */
const SAYS_NOTHING = /^\s*$|[:;]\s*$|undefined|Warning treated/;

test("a broken image, whatever is wrong with it, costs no other one", async () => {
  const good = [
    await place(await picture(30, 20, 1).jpeg().toBuffer(), "a"),
    await place(bmp(9, 9, pixels(9, 9)), "b"),
  ];
  const change = fc.record({
    /** As shares of the file. */
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    removed: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1, noNaN: true })),
    put: fc.oneof(fc.uint8Array({ maxLength: 12 }), fc.constant(Uint8Array.of(0xff, 0xff, 0xff, 0xff))),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.keys(whole)),
      fc.array(change, { minLength: 1, maxLength: 3 }),
      fc.constantFrom(...POLICIES),
      async (format, changes, policy) => {
        let bytes = whole[format] ?? Buffer.alloc(0);
        for (const { at, removed, put } of changes) {
          const from = Math.floor(bytes.length * at);
          const to = Math.max(from + put.length, Math.floor(from + bytes.length * removed));
          bytes = Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(to)]);
        }
        const [first, second] = good as [Content, Content];
        const contents = [first, await place(bytes, format), second];
        const request = { type: "prepare", ...terms, policy, suspect_file: null, contents } as const;
        const answers = await prepareContents(request, OPEN_GATE);
        expect([answers[0]?.ok, answers[2]?.ok]).toEqual([true, true]);
        expect(reasonOf(answers[1]) ?? "taken").not.toMatch(SAYS_NOTHING);
      },
    ),
    { numRuns: 150 },
  );
});

test("with several workers each reason is that of its own image, the same on each run", async () => {
  const formats = { JPEG: "jpeg", PNG: "png", WEBP: "webp", GIF: "gif", TIFF: "document", BMP: "bmp" };
  const broken: Content[] = [];
  for (let at = 0; at < 8; at++) {
    for (const [name, format] of Object.entries(formats)) {
      const bytes = whole[format] ?? Buffer.alloc(0);
      const cut = bytes.subarray(0, Math.floor(bytes.length * (0.33 + at * 0.05)));
      broken.push(await place(cut, name));
    }
  }
  const options = { url: WORKER, memoryBytes: 1e9, folder: join(folder, "pool"), logger: silentLogger };
  const ask = async (size: number) => {
    const pool = await createWorkerPool({ ...options, size });
    try {
      const answers = await Promise.all(broken.map((content) => pool.prepare(terms, [content])));
      return answers.map(([answer]) => reasonOf(answer));
    } finally {
      pool.close();
    }
  };
  const alone = await ask(1);
  for (const [at, { source_name }] of broken.entries()) {
    expect(alone[at]).toStartWith(`damaged ${source_name}: `);
    expect(alone[at]).not.toMatch(SAYS_NOTHING);
  }
  expect(await ask(4)).toEqual(alone);
});
