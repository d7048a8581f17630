import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { openCsv } from "../../src/ingest/csv-reader.ts";
import type { TextOptions } from "../../src/ingest/input.ts";
import { type Database, openDatabase } from "../../src/query/database.ts";

/** Cells of CSV come back as they were written, or their line says why it is rejected. */
let folder = "";
let database: Database;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "datalake-csv-"));
  database = await openDatabase({ scratch: join(folder, "scratch"), memory: "400MB", threads: 2 });
});
afterAll(async () => {
  database.close();
  await rm(folder, { recursive: true, force: true });
});

type Content = string | Uint8Array;

async function read(content: Content | Record<string, Content>, text: TextOptions = {}) {
  const place = join(folder, String(count++));
  const files =
    typeof content === "string" || content instanceof Uint8Array ? { "in.csv": content } : content;
  for (const [name, bytes] of Object.entries(files)) await Bun.write(join(place, name), bytes);
  const paths = Object.keys(files).map((name) => join(place, name));
  const input = await openCsv(paths, { database, scratch: join(place, "scratch"), text });
  const names = input.columns.map(({ name }) => name);
  const texts = names.map((name) => `CAST("${name.replaceAll('"', '""')}" AS VARCHAR)`);
  const result = await database.connection.runAndReadAll(
    `SELECT ${[...texts, input.rejects].join(", ")} FROM ${await input.rows()}`,
  );
  const rows = result.getRowsJson() as (string | null)[][];
  const types = Object.fromEntries(input.columns.map((column) => [column.name, column.type]));
  return {
    names,
    types,
    rows: rows.filter((row) => row.at(-1) === null).map((row) => row.slice(0, -1)),
    rejects: rows.map((row) => row.at(-1)).filter((reason) => reason !== null),
    notices: input.notices.join("\n"),
  };
}

test("a number keeps all its digits: as a number where its column's type holds every one, else as text", async () => {
  const cases: [string, string[], string[]?][] = [
    ["BIGINT", ["1234567890123456789", "1234567890123456790", "-9223372036854775808"]],
    ["VARCHAR", ["9223372036854775808", "1"]],
    ["VARCHAR", ["9007199254740993", "0.5"]],
    ["VARCHAR", ["12345678901234567.89", "1.5"]],
    ["VARCHAR", ["1E5000", "12e345"]],
    ["VARCHAR", ["1e-400"]],
    ["VARCHAR", ["007", "1"]],
    ["DOUBLE", ["0.30000000000000004", "5e-324", "-0"], ["0.30000000000000004", "5e-324", "-0.0"]],
    ["DOUBLE", ["1.10", "2"], ["1.1", "2.0"]],
    ["BOOLEAN", ["True", "false"], ["true", "false"]],
    ["VARCHAR", ["True", "1"]],
  ];
  for (const [type, values, expected = values] of cases) {
    const { types, rows, notices } = await read(`v,t\n${values.map((value) => `${value},x\n`).join("")}`);
    expect(types.v).toBe(type);
    expect(rows.map(([value]) => value ?? null)).toEqual(expected);
    const isNumber = type === "VARCHAR" && !values.includes("007") && !values.includes("True");
    expect(notices.includes("numbers of v")).toBe(isNumber);
  }
});

test("only a double quote at the beginning of a cell quotes; nothing is a comment; every line end counts", async () => {
  const cases: [Content, (string | null)[][]][] = [
    ["id,t\n1,'가'\n", [["1", "'가'"]]],
    [
      'id,t\n1,5" disk\n2,"a ""b"", c\r\nd"\n',
      [
        ["1", '5" disk'],
        ["2", 'a "b", c\r\nd'],
      ],
    ],
    ["id,t\n#1,tag #7 red\n", [["#1", "tag #7 red"]]],
    [
      "id,t\r\n1,a\n2,b\r3,c",
      [
        ["1", "a"],
        ["2", "b"],
        ["3", "c"],
      ],
    ],
    [
      "id,t\n\n1,\n\r\n,b\n",
      [
        ["1", null],
        [null, "b"],
      ],
    ],
    ["sep=;\nid;t\n1;a,b\n", [["1", "a,b"]]],
    ["id\tt\n1\ta,b\n", [["1", "a,b"]]],
    [
      "id|t\n1|a,b\n2|c\n",
      [
        ["1", "a,b"],
        ["2", "c"],
      ],
    ],
    [
      "id,t\n1,NULL\n2,NA\n",
      [
        ["1", "NULL"],
        ["2", "NA"],
      ],
    ],
    ["\ufeffid,t\n1,a\n", [["1", "a"]]],
  ];
  for (const [content, expected] of cases) {
    const { names, rows, rejects } = await read(content);
    expect([content, names, rows, rejects]).toEqual([content, ["id", "t"], expected, []]);
  }
});

test("a quote that comes late, or a line that does not fit, costs its own line at most", async () => {
  const plain = Array.from({ length: 30_000 }, (_, at) => `${at},text ${at}`);
  plain[25_000] = '25000,"a, ""b""\nc"';
  plain[26_000] = "26000,a,b";
  plain[27_000] = '27000,"a"b';
  const { rows, rejects } = await read(`id,t\n${plain.join("\n")}\n`);
  expect(rows).toHaveLength(29_998);
  expect(rows[25_000]).toEqual(["25000", 'a, "b"\nc']);
  expect(rejects).toEqual([
    "line 26003: 3 cells, and the header has 2",
    "line 27003: text follows the closing quote of cell 2",
  ]);
});

test("Korean encodings are known by what they hold, a header in CP949 above plain rows too", async () => {
  const cp949 = (...parts: (string | number[])[]) =>
    Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  const number = [0xb9, 0xf8, 0xc8, 0xa3];
  const utf16 = Buffer.from("번호,t\n1,가\n", "utf16le");
  const inputs: [Content, string][] = [
    [cp949(number, ",t\n1,a\n2,b\n"), "CP949 (EUC-KR)"],
    [utf16, "UTF-16LE"],
    [Buffer.from(utf16).swap16(), "UTF-16BE"],
    [Buffer.concat([Buffer.from([0xff, 0xfe]), utf16]), "UTF-16LE"],
    [gzipSync("번호,t\n1,가\n"), "UTF-8"],
  ];
  for (const [content, encoding] of inputs) {
    const { names, notices } = await read(content);
    expect(names).toEqual(["번호", "t"]);
    expect(notices).toContain(
      `read as CSV in ${encoding}, with commas between cells and double quotes around them`,
    );
  }
  const shift = Buffer.from([0x94, 0xd4, 0x8d, 0x86, 0x2c, 0x74, 0x0a, 0x31, 0x2c, 0x61, 0x0a]);
  expect((await read(shift, { encoding: "shift_jis" })).names).toEqual(["番号", "t"]);
});

test("several files are one table: columns of all of them, in any order, each file with a dialect of its own", async () => {
  const { names, types, rows } = await read({
    "0.csv": "a,b\n1,x\n",
    "1.csv": "b;a\ny;2.5\n",
    "2.csv": '"c","a"\n"late, ""z""",3\n',
  });
  expect(names).toEqual(["a", "b", "c"]);
  expect(types).toEqual({ a: "DOUBLE", b: "VARCHAR", c: "VARCHAR" });
  expect(rows).toEqual([
    ["1.0", "x", null],
    ["2.5", "y", null],
    ["3.0", null, 'late, "z"'],
  ]);
});

test("what is said of the dialect counts", async () => {
  expect((await read("a~b\n'x~y'~1\n", { delimiter: "~", quote: "'" })).rows).toEqual([["x~y", "1"]]);
  expect((await read('a,b\n"x,1\n', { quote: "" })).rows).toEqual([['"x', "1"]]);
});

test("a header that names no columns is mended with a notice, or refused", async () => {
  const { names, notices } = await read(",t,\n0,a,x\n");
  expect(names).toEqual(["column_1", "t", "column_3"]);
  expect(notices).toContain("column 1 has no name in the header and becomes column_1");
  const inputs: [string, RegExp][] = [
    ["a,A\n1,2\n", /the column "A" twice/],
    ['a,b\n1,"open\n2,x\n', /line 2 that is never closed/],
    [`${"a,".repeat(30_000)}b\n`, /more than 10,000 columns/],
    ["a\0b,c\n1,2\n", /NUL/],
  ];
  for (const [content, message] of inputs) {
    const refused = read(content).then(
      () => "taken",
      (error: { code?: string; message: string }) => `${error.code} ${error.message}`,
    );
    expect(await refused).toMatch(message);
    expect(await refused).toStartWith("invalid_input");
  }
});

test("any table comes back cell by cell, whatever its cells hold and however it is written", async () => {
  const cell = fc.string({
    unit: fc.constantFrom("a", "가", '"', "'", ",", ";", "\t", "\n", "\r", "#", " ", "1", "\\", "|"),
  });
  const shape = fc.record({
    delimiter: fc.constantFrom(",", ";", "\t", "|"),
    lineEnd: fc.constantFrom("\n", "\r\n", "\r"),
    quotesAll: fc.boolean(),
    rows: fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 8 }),
    chunk: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(shape, async ({ delimiter, lineEnd, quotesAll, rows, chunk }) => {
      const write = (value: string) =>
        quotesAll || new RegExp(`["\\r\\n${delimiter === "|" ? "\\|" : delimiter}]`).test(value)
          ? `"${value.replaceAll('"', '""')}"`
          : value;
      const text =
        [["x0", "x1", "x2"], ...rows].map((row) => row.map(write).join(delimiter)).join(lineEnd) + lineEnd;
      const found = await read(chunk ? gzipSync(text) : text, { delimiter });
      const expected = rows.map((row) => row.map((value) => (value === "" ? null : value)));
      expect(found.rejects).toEqual([]);
      const texts = found.rows.map((row) =>
        row.map((value, at) =>
          found.types[`x${at}`] === "VARCHAR" || value === null ? value : String(Number(value)),
        ),
      );
      const plain = expected.map((row) =>
        row.map((value, at) =>
          found.types[`x${at}`] === "VARCHAR" || value === null ? value : String(Number(value)),
        ),
      );
      expect(texts).toEqual(plain);
    }),
    { numRuns: 80 },
  );
});

test("a file without a header has no rows", async () => {
  for (const content of ["", "\n\r\n", "\ufeff", "sep=,\n"])
    await expect(read(content)).rejects.toMatchObject({ code: "empty_input" });
  expect((await read({ "0.csv": "", "1.csv": "a\nx\n" })).rows).toEqual([["x"]]);
});
