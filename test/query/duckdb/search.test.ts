import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DuckDBClient } from "../../../src/query/duckdb/client.ts";
import { quoteText } from "../../../src/query/sql.ts";
import { decodedStrings, markFor } from "../../../src/schema/escaped-text.ts";
import { type JsonStep, parseJsonPath, valuesAt } from "../../../src/schema/json-path.ts";
import type { RowQuery } from "../../../src/schema/query.ts";
import { commit, KEY, refresh, type Workbench, withLake } from "../../catalog/lakes.ts";

const OCR = { ...KEY, task: "ocr", variant: "words" };

interface Row {
  id: number;
  label: string | null;
  note: string | null;
  /** Texts in lists. */
  tags?: (string | null)[] | null;
  boxes?: { t: string | null; n: number }[][] | null;
}

const NAMES = ["label", "note", "tags", "boxes"] as const;

/** A plain filter over the rows: what every engine must equal. */
function matches(row: Row, query: RowQuery): boolean {
  const { text, column, json_path: path, ignore_case: ignoreCase } = query;
  const fold = (value: string) => {
    const composed = value.normalize("NFC");
    return ignoreCase ? composed.toLowerCase() : composed;
  };
  const contains = (value: string) =>
    [value, ...decodedStrings(value, markFor(text ?? ""))].some(
      (one) => one !== undefined && fold(one).includes(fold(text ?? "")),
    );
  const columns = column === undefined ? NAMES : [column as (typeof NAMES)[number]];
  return columns.some((name) => {
    const value = row[name] ?? null;
    if (value === null) return false;
    if (path === undefined) return text === undefined ? value !== "" : leaves(value).some(contains);
    return jsonValues(value as string, parseJsonPath(path) as JsonStep[]).some((one) => {
      if (text === undefined) return one !== null && one !== "";
      if (typeof one === "number") return (value as string).includes(text) && String(one).includes(text);
      if (typeof one === "boolean" || one === null) return fold(String(one)).includes(fold(text));
      return typeof one === "string" && fold(one).includes(fold(text));
    });
  });
}

function leaves(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(leaves) : [];
}

function jsonValues(text: string, steps: JsonStep[]): unknown[] {
  try {
    return valuesAt(JSON.parse(text), steps);
  } catch {
    return [];
  }
}

async function fill(bench: Workbench, rows: readonly Row[], key = KEY): Promise<void> {
  const values = rows.map(
    ({ id, label, note, tags, boxes }) =>
      `(${id}, ${literal(label)}, ${literal(note)}, ${sqlOf(tags)}::VARCHAR[], ${sqlOf(boxes)}::STRUCT(t VARCHAR, n INTEGER)[][])`,
  );
  await commit(
    bench,
    "create",
    `SELECT * FROM (VALUES ${values.join(", ")}) AS t(id, label, note, tags, boxes)`,
    key,
  );
}

function literal(text: string | null): string {
  return text === null ? "NULL::VARCHAR" : textSql(text);
}

/** A text as SQL; no literal holds a NUL. */
function textSql(text: string): string {
  return text.split("\0").map(quoteText).join(" || chr(0) || ");
}

function sqlOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sqlOf).join(", ")}]`;
  if (typeof value === "string") return textSql(value);
  if (typeof value !== "object" || value === null) return String(value ?? null);
  return `{${Object.entries(value)
    .map(([name, one]) => `${quoteText(name)}: ${sqlOf(one)}`)
    .join(", ")}}`;
}

async function idsOf(client: DuckDBClient, query: RowQuery): Promise<number[]> {
  const result = await client.retrieveWithExistingCols(query);
  const ids: number[] = [];
  for await (const batch of result.batches) {
    for (const id of batch.getChild("id") ?? []) ids.push(Number(id));
  }
  expect(ids.length).toBe(result.rowCount);
  return ids;
}

const ROWS: Row[] = [
  { id: 0, label: "계약서 100%_확인", note: null },
  { id: 1, label: "계약서".normalize("NFD"), note: "Größe" },
  { id: 2, label: 'say "it\'s"\\n\nnext 👍🏽', note: "" },
  {
    id: 3,
    label: '{"word":[{"text":{"content":"세금계산서"}},{"text":{"content":["합계","금액"]}}]}',
    note: "계",
  },
  { id: 4, label: '{"word":{"text":{"content":"\\uc138\\uae08"}}}', note: "bad {json" },
  { id: 5, label: '{"word":[[{"text":{"content":42}}]],"x":"세금계산서"}', note: null },
  { id: 6, label: null, note: "GRÖSSE" },
  { id: 7, label: "{broken 세금계산서", note: "이" },
  { id: 8, label: '{"t":"\\uc601\\uc218\\uc99d \\\\uc601 \\n영","n":12500}', note: '"\\u0e01 "\\ud800"' },
  {
    id: 9,
    label: '{"word":{"text":{"content":[12500,-0.25]}},"x":12}',
    note: null,
    tags: ["영수증", null, "합계 금액"],
  },
  {
    id: 10,
    label: "[1, 2]",
    note: null,
    tags: ["금액"],
    boxes: [
      [
        { t: "영수", n: 12 },
        { t: null, n: 1 },
      ],
      [{ t: "증".normalize("NFD"), n: 2 }],
    ],
  },
  {
    id: 11,
    label: null,
    note: null,
    tags: ['{"a":"\\uc601\\uc218"}', '"'],
    boxes: [[], [{ t: "x y", n: 3 }]],
  },
  { id: 12, label: JSON.stringify({ t: '영수증 "총액"\n12,500' }), note: JSON.stringify(['3" disk\n']) },
  { id: 13, label: JSON.stringify({ t: "a\\b c" }), note: null, tags: [JSON.stringify({ a: 'x 3" disk' })] },
  {
    id: 14,
    label: `${"각".normalize("NFD")}\0금액 확인`,
    note: `\0${"é".normalize("NFD")}`,
    tags: ["e\u0301\0disk"],
  },
  { id: 15, label: '{"t":true,"n":[null,false],"x":{"t":"true"},"truth":1}', note: "true" },
  { id: 16, label: '{"t":"\\u0074rue","n":{"null":0}}', note: "null" },
];

const CASES: RowQuery[] = [
  ...['"총액"\n12', "\n12", '3" disk', "a\\b", "\\b c", '" disk\n'].flatMap((text) => [
    { text },
    { text, column: "label" },
  ]),
  { text: "계약서" },
  { text: "계" },
  { text: "100%_" },
  { text: "%" },
  { text: "_" },
  { text: "'" },
  { text: '"' },
  { text: "\\" },
  { text: "\n" },
  { text: "👍" },
  { text: "größe" },
  { text: "größe", ignore_case: true },
  { text: "계", column: "note" },
  { text: "세금계산서", column: "label", json_path: "$.word.text.content" },
  { text: "금액", column: "label", json_path: "$.word[*].text.content" },
  { text: "합계", column: "label", json_path: "$.word[1].text.content" },
  { text: "합계", column: "label", json_path: "$.word[0].text.content" },
  { text: "세금", column: "label", json_path: "$.word.text.content" },
  { text: "42", column: "label", json_path: "$.word.text.content" },
  { text: "세금계산서", column: "label", json_path: "$.x" },
  { column: "note" },
  { column: "label", json_path: "$.word.text.content" },
  { column: "label", json_path: "$.x" },
  { text: "어디에도 없다" },
  ...[
    "영수",
    "영수증",
    "증",
    "uc601",
    "금액 ",
    "합계 금액",
    "증 합계",
    "수 증",
    "x y",
    "영",
    "12",
    "\\u",
  ].map((text) => ({ text })),
  { text: "X Y", ignore_case: true },
  { text: "금액", column: "tags" },
  { text: "영수", column: "boxes" },
  { column: "boxes" },
  { column: "tags" },
  { text: "영수증", column: "label", json_path: "$.t" },
  ...["12500", "125", "12", "-0.25", ".25", "0"].flatMap((text) =>
    ["$.n", "$.word.text.content", "$.x"].map((json_path) => ({ text, column: "label", json_path })),
  ),
  ...["true", "tru", "e", "null", "nul", "ul", "false", "False", "trues"].flatMap((text) =>
    ["$.t", "$.n", "$.x", "$.x.t", "$"].flatMap((json_path) => [
      { text, column: "label", json_path },
      { text: text.toUpperCase(), column: "label", json_path, ignore_case: true },
    ]),
  ),
];

/** As Python's json.dumps writes it. */
function asAscii(text: string): string {
  return text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

describe("a search gives the rows that a plain filter gives", () => {
  test("in texts of every kind", () =>
    withLake(async (bench) => {
      await fill(bench, ROWS);
      await refresh(bench);
      const client = new DuckDBClient({ path: bench.lake.layout.catalogFile, scratch: `${bench.folder}/s` });
      for (const query of CASES) {
        const wanted = ROWS.filter((row) => matches(row, query)).map(({ id }) => id);
        expect(await idsOf(client, { ...query, limit: 100 }), JSON.stringify(query)).toEqual(wanted);
        expect(await idsOf(client, query), JSON.stringify(query)).toEqual(wanted);
      }
      client.close();
    }));

  test("whatever the rows and the text", () =>
    withLake(async (bench) => {
      const piece = fc.constantFrom(
        "가",
        "나다",
        "é",
        "é".normalize("NFD"),
        "a",
        " ",
        '"',
        "\\",
        "%",
        "ㅎ",
        "👩‍👩",
        "\n",
        "각".normalize("NFD"),
        ":",
        "1",
        "\u0301",
        "\0",
      );
      const word = fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join(""));
      const json = fc.record({
        inner: word,
        number: fc.oneof(
          fc.nat(20_000),
          fc.nat(2000).map((n) => n / 8),
          fc.constantFrom(true, false, null),
        ),
      });
      const text = fc.oneof(
        word,
        json.map(({ inner, number }) => JSON.stringify({ a: [{ b: inner }, { b: number }, inner] })),
        json.map(({ inner, number }) => asAscii(JSON.stringify({ a: { b: [inner, number] } }))),
        json.map(({ inner }) => asAscii(`${inner} "${inner}" x`)),
      );
      const row = fc.record({
        label: fc.option(text),
        note: fc.option(word),
        tags: fc.option(fc.array(fc.option(fc.oneof(word, text)), { maxLength: 3 })),
        boxes: fc.option(
          fc.array(fc.array(fc.record({ t: fc.option(word), n: fc.nat(9) }), { maxLength: 2 }), {
            maxLength: 2,
          }),
        ),
      });
      const sought = fc.oneof(
        word,
        fc.constantFrom("12", "1", "125", "5", ".5", "2.25", "1000", "true", "null", "al"),
      );
      let version = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(row, { minLength: 1, maxLength: 30 }),
          fc.array(fc.record({ word: sought, path: fc.boolean(), ignoreCase: fc.boolean() }), {
            minLength: 5,
            maxLength: 10,
          }),
          async (made, needles) => {
            const key = { ...KEY, dataset: `d${version++}` };
            const rows = made.map((fields, id) => ({ id, ...fields }));
            await fill(bench, rows, key);
            await refresh(bench);
            const client = new DuckDBClient({
              path: bench.lake.layout.catalogFile,
              scratch: `${bench.folder}/s`,
            });
            for (const { word: needle, path, ignoreCase } of needles) {
              const condition = path ? { column: "label", json_path: "$.a.b" } : {};
              const sought = needle.replaceAll("\0", "") || "a"; // a NUL cannot be searched
              const query = { ...condition, text: sought.normalize("NFC"), ignore_case: ignoreCase };
              const wanted = rows.filter((one) => matches(one, query)).map(({ id }) => id);
              const found = await idsOf(client, { ...query, datasets: [key.dataset], limit: 1000 }).catch(
                (error) => (error.code === "not_found" ? [] : Promise.reject(error)),
              );
              expect(found, JSON.stringify(query)).toEqual(wanted);
            }
            client.close();
          },
        ),
        { numRuns: 15 },
      );
    }));
});

test("a backslash, quote or line end at a path is found in JSON written in ASCII", () =>
  withLake(async (bench) => {
    const strings = ["가\\", '나"', "다\n", "라"];
    const rows = strings.map((text, id) => ({
      id,
      label: asAscii(JSON.stringify({ a: { b: [text, 0] } })),
      note: null,
    }));
    await fill(bench, rows);
    await refresh(bench);
    const client = new DuckDBClient({ path: bench.lake.layout.catalogFile, scratch: `${bench.folder}/s` });
    for (const [id, text] of ["\\", '"', "\n", "라"].entries()) {
      for (const sought of [text, strings[id] ?? ""])
        expect(await idsOf(client, { column: "label", json_path: "$.a.b", text: sought })).toEqual([id]);
    }
    client.close();
  }));

test("hits come by partition, in stored order, counted beyond the limit", () =>
  withLake(async (bench) => {
    await fill(bench, ROWS, OCR);
    await fill(bench, ROWS);
    await refresh(bench);
    const client = new DuckDBClient({ path: bench.lake.layout.catalogFile, scratch: `${bench.folder}/s` });
    const result = await client.retrieveWithExistingCols({ text: "계", limit: 5 });
    expect([result.matchCount, result.rowCount]).toEqual([12, 5]);
    expect(result.partitions.map(({ task, rows }) => [task, rows])).toEqual([
      ["ocr", 6],
      ["raw", 6],
    ]);
    expect(result.columns.map(({ name }) => name)).toContain("note");
    client.close();
  }));

test("a needle in few, many and very many different words finds each of their rows", () =>
  withLake(async (bench) => {
    await commit(
      bench,
      "create",
      `SELECT range AS id, '{"text": "낱' || CASE WHEN range < 300 THEN '하' WHEN range < 2300 THEN '두' ELSE '세' END || range || '말", "x": "거리"}' AS label,
         CASE WHEN range % 10 = 0 THEN '길에서 낱' || range || '거리 ' ELSE 'none' END AS note FROM range(9000)`,
    );
    await refresh(bench);
    const client = new DuckDBClient({ path: bench.lake.layout.catalogFile, scratch: `${bench.folder}/s` });
    const count = async (query: RowQuery) =>
      (await client.retrieveWithExistingCols({ ...query, limit: 1 })).matchCount;
    expect(await count({ text: "낱하" })).toBe(300);
    expect(await count({ text: "낱두" })).toBe(2000);
    expect(await count({ text: "낱세" })).toBe(6700);
    expect(await count({ text: "낱", column: "label" })).toBe(9000);
    expect(await count({ text: "낱", column: "note" })).toBe(900);
    expect(await count({ text: "거리 ", column: "note" })).toBe(900);
    expect(await count({ text: "NONE", ignore_case: true })).toBe(8100);
    client.close();
  }));

test("refuses a column that is not there or holds no text", () =>
  withLake(async (bench) => {
    await fill(bench, ROWS);
    await refresh(bench);
    const client = new DuckDBClient({ path: bench.lake.layout.catalogFile, scratch: `${bench.folder}/s` });
    const codeOf = (query: RowQuery) =>
      client.retrieveWithExistingCols(query).then(
        () => "",
        (error) => error.code,
      );
    expect(await codeOf({ text: "a", column: "lable" })).toBe("not_found");
    expect(await codeOf({ text: "a", column: "id" })).toBe("usage");
    expect(await codeOf({ text: "a", datasets: ["none"] })).toBe("not_found");
    client.close();
  }));
