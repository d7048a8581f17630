import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Binary,
  Dictionary,
  Field,
  Int32,
  List,
  Table,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import { AppError } from "../../src/errors.ts";
import { openArrowFiles } from "../../src/ingest/arrow-reader.ts";
import { type Database, openDatabase } from "../../src/query/database.ts";

setDefaultTimeout(120_000);

let folder = "";
let database: Database;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "datalake-damaged-arrow-"));
  database = await openDatabase({ scratch: join(folder, "scratch"), memory: "512MB", threads: 1 });
});
afterAll(async () => {
  database.close();
  await rm(folder, { recursive: true, force: true });
});

const TABLE = new Table({
  id: vectorFromArray([1, 2, 3, 4], new Int32()),
  name: vectorFromArray(["가나다", "b", "", "dddd"], new Utf8()),
  image: vectorFromArray([Buffer.from("abc"), null, Buffer.alloc(100), Buffer.alloc(0)], new Binary()),
  cat: vectorFromArray(["a", "b", "a", "b"], new Dictionary(new Utf8(), new Int32())),
  list: vectorFromArray([[1], [2, 3], [], [4]], new List(new Field("item", new Int32()))),
});
const WHOLE = { file: tableToIPC(TABLE, "file"), stream: tableToIPC(TABLE, "stream") };
const NUMBERS = [-1, 0x7fffffff, -0x80000000, 0, 1 << 28, 255];
/** Of one file on a busy machine; what was believed of itself took a minute, or for ever. */
const PATIENCE_MS = 60_000;

/** Reads everything; gives the code of the error, `read` without, or what came instead of one of ours. */
async function read(bytes: Uint8Array): Promise<string> {
  const path = join(folder, "damaged.arrow");
  // The engine remembers what a file of the same name, size and time was.
  const scratch = join(folder, `pieces-${crypto.randomUUID()}`);
  await writeFile(path, bytes);
  await mkdir(scratch, { recursive: true });
  try {
    const input = await openArrowFiles("arrow", path, folder, [{ path }], { database, scratch });
    for (const { name, embedded } of input.columns) {
      if (embedded !== undefined) for await (const _ of input.embedded(name));
    }
    return "read";
  } catch (error) {
    if (error instanceof AppError && error.code !== "internal") return error.code;
    return `not ours: ${error}`;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

test("damaged Arrow files are read or refused, in our words and in time", async () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const codes = new Set<string>();
  for (let at = 0; at < 300; at++) {
    const bytes = Buffer.from(at % 2 === 0 ? WHOLE.file : WHOLE.stream);
    for (let count = random(3); count >= 0; count--) {
      const place = random(bytes.length - 4);
      if (random(2) === 0) bytes[place] = random(256);
      else bytes.writeInt32LE(NUMBERS[random(NUMBERS.length)] ?? 0, place & ~3);
    }
    const startedMs = performance.now();
    const code = await read(bytes);
    expect([at, code]).toEqual([at, expect.stringMatching(/^[a-z_]+$/)]);
    expect([at, performance.now() - startedMs < PATIENCE_MS]).toEqual([at, true]);
    codes.add(code);
  }
  // Some were read, some were not: the damage does something.
  expect([codes.has("read"), codes.has("invalid_input")]).toEqual([true, true]);
  expect(await read(WHOLE.file)).toBe("read");
});

test("a body of negative length ends the reading of a stream", async () => {
  for (let place = 0; place < WHOLE.stream.length - 8; place += 4) {
    const bytes = Buffer.from(WHOLE.stream);
    bytes.writeInt32LE(-1, place + 4);
    bytes.writeInt32LE(-200, place);
    expect([place, await read(bytes)]).toEqual([place, expect.stringMatching(/^[a-z_]+$/)]);
  }
});
