import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { openJsonLines } from "../../src/ingest/jsonl-reader.ts";
import { type Database, openDatabase } from "../../src/query/database.ts";

let folder = "";
let database: Database;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "datalake-nesting-"));
  database = await openDatabase({ scratch: join(folder, "scratch"), memory: "512MB", threads: 1 });
});
afterAll(async () => {
  database.close();
  await rm(folder, { recursive: true, force: true });
});

async function read(name: string, lines: string[]) {
  const path = join(folder, name);
  const text = Buffer.from(lines.join("\n"));
  await writeFile(path, name.endsWith(".gz") ? gzipSync(text) : text);
  const input = await openJsonLines([path], { database, scratch: join(folder, `${name}-scratch`) });
  return database.rows<{ a: unknown; __reject: string | null }>(
    `SELECT a, __reject FROM ${await input.rows()}`,
  );
}

const list = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
const object = (depth: number) => `${'{"x":'.repeat(depth)}1${"}".repeat(depth)}`;
/** Deep, with something beside each level. */
const stairs = (depth: number) => `${"[[],".repeat(depth)}1${"]".repeat(depth)}`;

for (const name of ["plain.jsonl", "packed.jsonl.gz"]) {
  test(`${name}: a line nested too deeply is a rejected row, at any depth, and the others go on`, async () => {
    for (const [kind, value] of Object.entries({
      list: list(110),
      object: object(110),
      stairs: stairs(120),
      list1M: list(1_000_000),
      object1M: object(300_000),
      stairs1M: stairs(100_000),
    })) {
      const rows = await read(name, ['{"a":7}', `{"a":${value}}`, '{"a":8,"b":"[[[{{{\\\\\\"[["}']);
      expect([kind, rows.map((row) => row.a)]).toEqual([kind, [7, null, 8]]);
      expect([kind, rows.map((row) => row.__reject)]).toEqual([
        kind,
        [null, expect.stringContaining("nested too deeply"), null],
      ]);
    }
  });
}

test("a line of as many levels as are allowed, or of many brackets side by side or in texts, is taken", async () => {
  const wide = `[${Array.from({ length: 5000 }, () => "[1,[2]]").join(",")}]`;
  const text = JSON.stringify("[{".repeat(5000));
  for (const value of [list(99), object(99), wide, text, `{"deep":${text}}`]) {
    // Another line that is too deep makes every line be looked at.
    const rows = await read("taken.jsonl", [`{"a":${value}}`, `{"a":${list(200)}}`]);
    expect(rows.map((row) => row.__reject === null)).toEqual([true, false]);
    expect(String(rows[0]?.a).length).toBeGreaterThanOrEqual(
      value.length - 2 - (value === text ? 10_000 : 0),
    );
  }
});
