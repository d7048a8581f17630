import { expect, setDefaultTimeout, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../src/errors.ts";
import { EntryProblem, type InputOptions } from "../../src/ingest/input.ts";
import { hash, type IngestKit, withKit } from "./kit.ts";
import { zipOf } from "./zip-kit.ts";

setDefaultTimeout(120_000);

const SEED = Number(process.env.DATALAKE_TEST_SEED ?? 17);
const FILES = 300;
const NUMBERS = [-1, 0x7fffffff, -0x80000000, 0, 1 << 28, 255];
const INNER = /Stack Trace|Error:|undefined|\bat .*\.(ts|js):\d/;

const CONTENTS = ["first", "second ".repeat(300), "세 번째".repeat(40)].map((text) =>
  Buffer.from(`\xff\xd8\xff${text}`),
);
const WHOLE = zipOf(CONTENTS.map((data, at) => ({ name: `쪽/${at}.jpg`, data, deflate: at > 0 })));

/** As a client packs it, with another zip. */
const PACKED = zipOf([
  { name: "a.zip", data: WHOLE },
  { name: "b.zip", data: zipOf([{ name: "쪽/0.jpg", data: CONTENTS[0] ?? "" }]) },
]);

/** Reads all entries both ways: the code of what is refused, else how many were read, all of them right. */
async function read(kit: IngestKit, bytes: Uint8Array, options: InputOptions = {}): Promise<string> {
  const path = join(kit.folder, `damaged-${crypto.randomUUID()}.zip`);
  await writeFile(path, bytes);
  try {
    const input = await kit.session.open(path, options);
    const right = new Set(CONTENTS.map(hash));
    let count = 0;
    const rows = await kit.rows(await input.rows());
    for (const { __image_path: name } of rows) {
      const entry = input.openEntry?.(String(name));
      if (entry === undefined) return `NOT FOUND: ${name}`;
      const ways = [
        () => entry.bytes().then(hash),
        () => entry.asFile(async (file) => hash(await Bun.file(file).bytes())),
      ];
      const found = await Promise.all(ways.map((way) => way().catch((error) => problem(error))));
      if (found[0] !== found[1] && !(found[0]?.includes(" ") && found[1]?.includes(" ")))
        return `TWO WAYS: ${found}`;
      if (found[0] !== undefined && !found[0].includes(" ")) {
        if (!right.has(found[0]) && found[0] !== hash("")) return `WRONG: ${found[0]}`;
        count++;
      }
    }
    return `read ${count}`;
  } catch (error) {
    if (!(error instanceof AppError) || error.code === "internal") return `NOT OURS: ${error}`;
    return INNER.test(error.message) ? `INNER TEXT: ${error.message}` : error.code;
  }
}

function problem(error: unknown): string {
  if (!(error instanceof EntryProblem)) throw error;
  return INNER.test(error.message) ? `INNER` : error.message;
}

const INPUTS: [what: string, whole: Buffer, files: number, options: InputOptions][] = [
  ["zips", WHOLE, 3, {}],
  ["zips in a zip", PACKED, 4, { packed: true }],
];
test.each(INPUTS)(
  `of damaged %s entries are read as they were, or refused (seed ${SEED})`,
  async (_, whole, files, options) => {
    let seed = SEED;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    await withKit(async (kit) => {
      const codes = new Set<string>();
      for (let at = 0; at < FILES; at++) {
        let bytes = Buffer.from(whole);
        if (at % 6 === 0) bytes = bytes.subarray(0, random(bytes.length));
        for (let count = random(3); count >= 0 && bytes.length > 8; count--) {
          // Half of it in the list, where sizes and places are.
          const from = random(2) === 0 ? Math.max(0, bytes.length - 300) : 0;
          const place = from + random(bytes.length - from - 4);
          if (random(2) === 0) bytes[place] = random(256);
          else bytes.writeInt32LE(NUMBERS[random(NUMBERS.length)] ?? 0, place);
        }
        const code = await read(kit, bytes, options);
        expect([at, code]).toEqual([at, expect.stringMatching(/^(read \d|[a-z_]+)$/)]);
        codes.add(code);
      }
      expect(codes.has("invalid_input") && codes.has(`read ${files - 1}`) && codes.has(`read ${files}`)).toBe(
        true,
      );
      expect(await read(kit, whole, options)).toBe(`read ${files}`);
    });
  },
);
