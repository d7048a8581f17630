import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadSettings } from "../../src/config.ts";
import { AppError } from "../../src/errors.ts";
import { localDestination } from "../../src/ingest/local-destination.ts";
import { openUploadSession } from "../../src/ingest/session.ts";
import { initLake, type Lake } from "../../src/lake/lake.ts";
import { openDatabase } from "../../src/query/database.ts";
import { RAW } from "./kit.ts";

setDefaultTimeout(120_000);

const SEED = Number(process.env.DATALAKE_TEST_SEED ?? 11);
const FILES = 80;
const NUMBERS = [-1, 0x7fffffff, -0x80000000, 0, 1 << 28, 255];
/** What an engine or a library says to itself. */
const INNER = /SELECT |LINE 1|scratch|Stack Trace|Error:|\bat .*\.(ts|js):\d/;

let folder = "";
let whole: Buffer;
let lake: Lake;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "datalake-damaged-parquet-"));
  const path = join(folder, "whole.parquet");
  const database = await openDatabase({ scratch: join(folder, "made"), threads: 1 });
  await database.run(
    `COPY (SELECT TIMESTAMP '2024-05-01' + to_seconds(range) AS at, range AS id, 'text 가나 ' || range AS text, range / 7 AS score, [range, 2] AS list,
      CASE WHEN range % 3 = 0 THEN {'bytes': 'abc'::BLOB, 'path': 'a.png'} END AS image FROM range(300))
      TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
  );
  database.close();
  whole = await readFile(path);
  ({ lake } = await initLake(join(folder, "lake")));
  await Bun.write(lake.layout.taxonomy, "providers:\n  p: {}\ntasks: {}\n");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Uploads a file: the code and message of the error, or `read`. */
async function read(bytes: Uint8Array): Promise<string> {
  const path = join(folder, `damaged-${crypto.randomUUID()}.parquet`);
  await writeFile(path, bytes);
  const settings = await loadSettings({ env: {}, cwd: folder, flags: { scratch: join(folder, "scratch") } });
  const session = await openUploadSession({ settings, threads: 1 });
  try {
    const input = await session.open(path);
    const target = localDestination(lake);
    const request = { ...RAW, dataset: `d${crypto.randomUUID()}` };
    await session.stage(await session.plan(request, input, target), target);
    return "read";
  } catch (error) {
    if (!(error instanceof AppError) || error.code === "internal") return `NOT OURS: ${error}`;
    return INNER.test(error.message.replaceAll(folder, "")) ? `INNER TEXT: ${error.message}` : error.code;
  } finally {
    await session.close();
    await rm(path);
  }
}

test(`damaged Parquet files are read or refused, in our words (seed ${SEED})`, async () => {
  let seed = SEED;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const codes = new Set<string>();
  for (let at = 0; at < FILES; at++) {
    let bytes = Buffer.from(whole);
    if (at % 5 === 0) bytes = bytes.subarray(0, random(bytes.length)); // cut
    for (let count = random(3); count >= 0 && bytes.length > 8; count--) {
      // Half of it in the footer, where lengths and counts are.
      const from = random(2) === 0 ? Math.floor(bytes.length / 2) : 0;
      const place = from + random(bytes.length - from - 4);
      if (random(2) === 0) bytes[place] = random(256);
      else bytes.writeInt32LE(NUMBERS[random(NUMBERS.length)] ?? 0, place);
    }
    const code = await read(bytes);
    expect([at, code]).toEqual([at, expect.stringMatching(/^[a-z_]+$/)]);
    codes.add(code);
  }
  expect([codes.has("read"), codes.has("invalid_input")]).toEqual([true, true]);
  expect(await read(whole)).toBe("read");
});

test("a page of times that is damaged is refused as well, though they are read before the rows are", async () => {
  const bytes = Buffer.from(whole);
  bytes.fill(0xff, 4, 24); // the first column's first header
  expect(await read(bytes)).toBe("invalid_input");
});
