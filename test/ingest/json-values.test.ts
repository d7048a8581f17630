import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { openJsonLines } from "../../src/ingest/jsonl-reader.ts";
import { type Database, openDatabase } from "../../src/query/database.ts";

/** Values of JSON text come back as they were written, or their row says why it is rejected. */
let folder = "";
let database: Database;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "datalake-json-"));
  database = await openDatabase({ scratch: join(folder, "scratch"), memory: "400MB", threads: 2 });
});
afterAll(async () => {
  database.close();
  await rm(folder, { recursive: true, force: true });
});

/** What a file gives: the type of each column, its rows as JSON values, the reasons of rejects, notices. */
async function read(content: string | Uint8Array, name = "in.jsonl", text = {}) {
  const place = join(folder, String(count++));
  const path = join(place, name);
  await Bun.write(path, content);
  const input = await openJsonLines([path], { database, scratch: join(place, "scratch"), text });
  const found = await database.rows<{ json: string }>(
    `SELECT CAST(to_json(whole) AS VARCHAR) AS json FROM ${await input.rows()} AS whole`,
  );
  const rows = found.map(
    ({ json }) => JSON.parse(json.replaceAll(/:-?(NaN|Infinity)/g, ":null")) as Record<string, unknown>,
  );
  const rejects = rows.map((row) => row.__reject as string | null);
  for (const row of rows) delete row.__reject;
  const types = Object.fromEntries(input.columns.map((column) => [column.name, column.type]));
  return { types, rows, rejects, notices: input.notices, input };
}

const lines = (...rows: string[]) => rows.map((row) => `${row}\n`).join("");

test("a number keeps all its digits: as a number where its column's type holds every one, else as text", async () => {
  const cases: [string, string[], unknown[]][] = [
    ["BIGINT", ["9223372036854775807", "1"], ["9223372036854775807", "1"]],
    ["VARCHAR", ["18446744073709551615", "7"], ["18446744073709551615", "7"]],
    ["VARCHAR", ["9007199254740993", "0.5"], ["9007199254740993", "0.5"]],
    ["VARCHAR", ["12345678901234567.89", "1.5"], ["12345678901234567.89", "1.5"]],
    ["VARCHAR", ["1E5000"], ["1E5000"]],
    ["DOUBLE", ["9007199254740992", "0.30000000000000004"], ["9007199254740992.0", "0.30000000000000004"]],
    ["DOUBLE", ["1.10", "5e-324"], ["1.1", "5e-324"]],
    ["VARCHAR", ["[18446744073709551615]", "[1]"], ["[18446744073709551615]", "[1]"]],
    ["BIGINT[]", ["[9007199254740993]", "[]"], ["[9007199254740993]", "[]"]],
  ];
  for (const [type, values, expected] of cases) {
    const { types, input } = await read(lines(...values.map((value) => `{"v":${value}}`)));
    expect(types.v).toBe(type);
    const found = await database.rows<{ v: string }>(
      `SELECT CAST(v AS VARCHAR) AS v FROM ${await input.rows()}`,
    );
    expect(found.map(({ v }) => v)).toEqual(expected as string[]);
    expect(input.notices.some((notice) => notice.includes("numbers of v"))).toBe(type === "VARCHAR");
  }
});

test("numbers inside objects keep their digits, keys their order; the last of two equal keys of a row counts", async () => {
  const { rows, rejects } = await read(
    lines(
      '{"a":1,"a":2,"o":{"10":12345678901234567890.50,"2":1.10,"k":"\\uc601\\/\\u0001"}}',
      '{"o":{"a":1,"a":2}}',
    ),
  );
  expect(rows[0]).toEqual({ a: 2, o: '{"10":12345678901234567890.50,"2":1.10,"k":"영/\\u0001"}' });
  expect(rejects).toEqual([null, "line 2: an object of the line has the key a twice"]);
});

test("NaN and infinities stay in a column of numbers, and are null inside lists and objects, which is told", async () => {
  const { types, rows, notices, input } = await read(
    lines('{"x":NaN,"o":{"s":NaN,"b":[1,Infinity]}}', '{"x":-Infinity,"o":null}', '{"x":1.5}'),
  );
  expect(types).toEqual({ x: "DOUBLE", o: "VARCHAR" });
  expect(rows[0]?.o).toBe('{"s":null,"b":[1,null]}');
  expect(notices.join()).toContain("2 values NaN or Infinity");
  const found = await database.rows<{ x: string }>(
    `SELECT CAST(x AS VARCHAR) AS x FROM ${await input.rows()}`,
  );
  expect(found.map(({ x }) => x)).toEqual(["nan", "-inf", "1.5"]);
});

test("a type comes from values: a brace in a word leaves lists lists, nulls and empty lists say nothing", async () => {
  const { types, rows, input } = await read(
    lines(
      '{"words":["a","b"],"late":null,"none":null,"empty":[]}',
      '{"words":["{name}님"],"late":"2024-05-01T09:30:00"}',
    ),
  );
  expect(types).toEqual({ words: "VARCHAR[]", late: "VARCHAR", none: "NULL", empty: "VARCHAR[]" });
  expect(rows.map((row) => row.words)).toEqual([["a", "b"], ["{name}님"]]);
  expect(input.columns.filter((column) => column.isOpen).map(({ name }) => name)).toEqual(["none", "empty"]);
});

test("a list in a file is read as lines are, whatever the file's name; a mark and other encodings are known", async () => {
  const expected = [
    { t: "가", n: 1 },
    { t: '나]}\\"', n: null },
  ];
  const list = ` [ {"t": "가", "n": 1},\n\n  {"t": "나]}\\\\\\"", "n": null} ]\n`;
  const asLines = '{"t":"가","n":1}\n{"t":"나]}\\\\\\"","n":null}';
  const utf16be = Buffer.from(`\ufeff${asLines}`, "utf16le").swap16();
  const cp949 = Buffer.concat(
    ['{"t":"', [0xb0, 0xa1], '","n":1}\r\n{"t":"', [0xb3, 0xaa], ']}\\\\\\"","n":null}\r\n'].map((part) =>
      Buffer.from(part as string),
    ),
  );
  const inputs: [string, string | Uint8Array][] = [
    ["a.json", list],
    ["b.jsonl", list],
    ["c.json", asLines],
    ["d.json.gz", gzipSync(list)],
    ["e.jsonl", `\ufeff${asLines}`],
    ["f.jsonl", utf16be],
    ["g.jsonl", Buffer.from(asLines, "utf16le")],
    ["h.jsonl", cp949],
    ["i.ndjson.gz", gzipSync(asLines)],
  ];
  for (const [name, content] of inputs) {
    const { rows, rejects } = await read(content, name);
    expect([name, ...rows]).toEqual([name, ...expected]);
    expect(rejects).toEqual([null, null]);
  }
});

test("what is damaged is refused, naming the place", async () => {
  const packed = gzipSync(lines(...Array.from({ length: 5000 }, (_, at) => `{"a":${at * 7919}}`)));
  const utf32 = new Uint8Array(Uint32Array.from('\ufeff{"a":1}\n', (one) => one.charCodeAt(0)).buffer);
  const inputs: [string, string | Uint8Array, RegExp][] = [
    ["cut.jsonl.gz", packed.subarray(0, -200), /is cut off: its gzip stream ends in the middle/],
    ["flipped.jsonl.gz", packed.map((byte, at) => (at === 900 ? byte ^ 0x55 : byte)), /gzip|cut off/],
    ["open.json", '[{"a":1},\n{"a":', /line 2 .*still open/],
    ["after.json", '[{"a":1}]\n{"a":2}', /line 2 follows the end/],
    ["no.jsonl", new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0xff, 0x0a]), /line 1 cannot be decoded/],
    ["utf-32.jsonl", utf32, /is in UTF-32, which is not read; write it as UTF-8/],
  ];
  for (const [name, content, message] of inputs) {
    const refused = read(content, name).then(
      () => "taken",
      (error: { code?: string; message: string }) => `${error.code} ${error.message}`,
    );
    expect([name, await refused]).toEqual([name, expect.stringMatching(message)]);
    expect(await refused).toStartWith("invalid_input");
  }
});

test("any rows of JSON come back value by value, as Python or JavaScript write them", async () => {
  const scalar = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      scalar,
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(fc.string({ minLength: 1 }), tie("value"), { maxKeys: 4, noNullPrototype: true }),
    ),
  }));
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ k: value, other: value }), { minLength: 1, maxLength: 5 }),
      fc.boolean(),
      async (rows, isSpaced) => {
        const text = rows.map((row) =>
          isSpaced ? JSON.stringify(row, null, 1).replaceAll("\n", "") : JSON.stringify(row),
        );
        const found = await read(lines(...text));
        expect(found.rejects).toEqual(rows.map(() => null));
        for (const key of ["k", "other"] as const) {
          const isText =
            found.types[key] === "VARCHAR" &&
            !rows.every((row) => row[key] === null || typeof row[key] === "string");
          const got = found.rows.map((row) =>
            isText && row[key] !== null ? JSON.parse(String(row[key])) : row[key],
          );
          expect(got).toEqual(
            rows.map((row) => (Object.is(row[key], -0) ? 0 : JSON.parse(JSON.stringify(row[key])))),
          );
        }
      },
    ),
    { numRuns: 60 },
  );
});

test("a label of 40 MB is read, and the row beside it", async () => {
  const path = join(folder, "long.jsonl");
  await Bun.write(
    path,
    lines(JSON.stringify({ label: { t: "가".repeat(14_000_000) } }), '{"label":{"t":"y"}}'),
  );
  const input = await openJsonLines([path], { database, scratch: join(folder, "long") });
  const sizes = await database.rows(`SELECT strlen(label)::DOUBLE AS bytes FROM ${await input.rows()}`);
  expect(sizes).toEqual([{ bytes: 42_000_008 }, { bytes: 9 }]);
}, 120_000);

test("lines are counted through texts with raw line breaks", async () => {
  const { rejects } = await read('[{"t":"a\nb\\\nc"},\n{"t":},\n{"t":"\n"},3]', "broken.json");
  expect(rejects.map((reason) => reason?.replace(/:.*/s, ""))).toEqual([
    "line 1",
    "line 4",
    "line 5",
    "line 6",
  ]);
});

test("a column whose values are of several types is JSON text, which is told; so is a key without a name", async () => {
  const told = async (...values: string[]) =>
    (await read(lines(...values.map((value) => `{"v":${value}}`)))).notices;
  const several = ["the values of v are kept as JSON text: they are of several types"];
  for (const values of [["1", '"a"'], ["true", "1"], ['{"a":1}', '"x"'], ['["a"]', '"a"'], ['["a",1]']])
    expect([values, await told(...values)]).toEqual([values, several]);
  for (const values of [
    ['{"a":1}', "null"],
    ['{"a":1}', "[1]"],
    ["[[1]]", "[]"],
    ["1", "2.5"],
  ])
    expect([values, await told(...values)]).toEqual([values, []]);
  expect((await read('{"":1,"column_1":2}\n')).notices).toEqual([
    "the empty key of the objects becomes column_1_",
  ]);
});

test("a key with a NUL, which no query can say, rejects its row", async () => {
  const { types, rows, rejects } = await read(
    lines('{"k":1}', '{"k":2,"a\\u0000b":3}', '{"o":{"a\\u0000b":3}}'),
  );
  expect(types).toEqual({ k: "BIGINT", o: "VARCHAR" });
  expect(rejects).toEqual([null, "line 2: a key of the object has a NUL", null]);
  expect(rows[2]).toEqual({ k: null, o: '{"a\\u0000b":3}' });
});
