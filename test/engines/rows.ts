import { quoteText } from "../../src/query/sql.ts";
import { decodedStrings, markFor } from "../../src/schema/escaped-text.ts";
import { type JsonStep, parseJsonPath, valuesAt } from "../../src/schema/json-path.ts";
import type { PartitionKey } from "../../src/schema/partition.ts";
import type { RowCondition } from "../../src/schema/query.ts";
import type { LakePart } from "./lake.ts";

/** A row of text: `label` is JSON, or should be. */
export interface TextRow {
  id: number;
  body: string | null;
  label: string | null;
  /** Texts in lists. */
  words?: (string | null)[][] | null;
}

export const WORDS: PartitionKey = { provider: "aihub", dataset: "책", task: "ocr", variant: "words" };
export const MORE: PartitionKey = { ...WORDS, variant: "more" };
export const TYPES: PartitionKey = { provider: "hf", dataset: "types-1", task: "raw", variant: "mixed" };
export const MANY: PartitionKey = { provider: "hf", dataset: "많음", task: "raw", variant: "text" };
/** Where `score` is text, but a number in WORDS. */
export const SCORES: PartitionKey = { provider: "𠀀", dataset: "Ａ", task: "kie", variant: "base" };
export const LAST: PartitionKey = { ...SCORES, provider: "Ａ" };

export const MANY_ROWS = 30_000;

const word = (content: unknown) => ({ text: { content } });

/** Texts and labels that a search may stumble over. */
export const TEXT_ROWS: TextRow[] = (
  [
    ["한국어 문서", { word: [word("한국어"), word("문서")] }],
    ["한국어 문서".normalize("NFD"), JSON.stringify({ word: [word("한국어".normalize("NFD"))] })],
    ["emoji 😀 and 👨‍👩‍👧", { word: [word("😀"), word("x")] }],
    [`it's "quoted"`, { word: [word(`it's "quoted"`)] }],
    ["100% sure", { word: [[word("100%")], [word("nested deep")]] }],
    ["snake_case", { word: word("snake_case") }],
    ["snakeXcase", { word: [word(["a list", ["in a list"]])] }],
    ["back\\slash", { word: [word("back\\slash")] }],
    ["line1\nline2", { word: [word("line1\nline2")] }],
    ["", { word: [word("")] }],
    [null, null],
    ["Große STRASSE", { word: [word("GROSSE straße")] }],
    ["café".normalize("NFD"), JSON.stringify({ word: [word("café".normalize("NFD"))] })],
    [`"; DROP TABLE catalog; --`, `{"word": [{"text": {"content": "broken"`],
    ["12345", { word: [word(12345), word(true), word(null), word({ deeper: "12345" })] }],
    ["NULL", "null"],
    ["broken", `{"word": [{"text": {"content": "broken"}}]} trailing`],
    ["broken", "broken"],
    ["escaped", String.raw`{"word": [{"text": {"content": "\ud55c\uad6d\uc5b4 \ud83d\ude00"}}]}`],
    ["keys", { "a key": { "with.dot": { 'and "quote"': "found me" } }, "0": "zero", 한: "글" }],
    ["a list at the top", [{ word: [word("top")] }, "lone text"]],
    ["an index", { word: [["first", "second"], "third", { "0": "object zero" }] }],
    ["ﬁ ligature Å ㎏", { word: [word("Å")] }],
    ["tab\there", { word: [word("tab\there")] }],
    ["   ", { word: [] }],
    ["numbers", { word: [word(-0.25), word(12345678.5), word(0.0001)] }],
    [String.raw`in ASCII: "\ud55c\uad6d \"x\"", "\ud83d`, String.raw`{"word": "\uc601\uc218\uc99d 1"}`],
  ] as [string | null, unknown][]
).map(([body, label], at) => ({
  id: at + 1,
  body,
  label: label === null || typeof label === "string" ? label : JSON.stringify(label),
}));

/** Rows of the second partition: what some of the first's are, so that a search meets both. */
export const MORE_ROWS: TextRow[] = [
  { id: 101, body: "한국어 하나", label: null },
  { id: 102, body: null, label: '{"word":[{"text":{"content":"한국어"}}]}' },
  { id: 103, body: "STRASSE", label: '{"word":"plain"}' },
  { id: 104, body: null, label: null, words: [["한국어 둘", null], [], ["Straße", "영수증"]] },
];

/** Plainly: the rows that a condition on `body` or `label` takes. */
export function filterRows(rows: readonly TextRow[], condition: RowCondition): TextRow[] {
  if (condition.each_word) {
    const words = (condition.text ?? "").split(/\s+/).filter((word) => word !== "");
    return words.reduce(
      (left, text) => filterRows(left, { ...condition, text, each_word: undefined }),
      [...rows],
    );
  }
  const { text, column, json_path, ignore_case } = condition;
  const fold = (value: string) => (ignore_case ? lower(value.normalize("NFC")) : value.normalize("NFC"));
  const contains = (value: string) => fold(value).includes(fold(text ?? ""));
  const isFilled = (value: unknown) => value !== null && value !== undefined && value !== "";
  const names = column === undefined ? TEXT_NAMES : [column as (typeof TEXT_NAMES)[number]];
  return rows.filter((row) =>
    names.some((name) => {
      if (json_path === undefined) {
        const texts = [row[name] ?? []].flat(3).filter((value) => value !== null);
        if (text === undefined) return isFilled(row[name]);
        return texts.some(
          (value) =>
            contains(value) || decodedStrings(value, markFor(text ?? "")).some((one) => contains(one ?? "")),
        );
      }
      const value = row[name] as string | null;
      return valuesOf(value, parseJsonPath(json_path) as JsonStep[]).some((one) => {
        if (text === undefined) return isFilled(one);
        if (typeof one === "number") return (value ?? "").includes(text) && String(one).includes(text);
        if (typeof one === "boolean" || one === null) return contains(String(one));
        return typeof one === "string" && contains(one);
      });
    }),
  );
}

const TEXT_NAMES = ["body", "label", "words"] as const;

/** Letter by letter, as databases do it: no sigma is final, and a letter stays one. */
function lower(text: string): string {
  return Array.from(text, (character) => (character === "İ" ? "i" : character.toLowerCase())).join("");
}

function valuesOf(label: string | null, steps: JsonStep[]): unknown[] {
  try {
    return valuesAt(JSON.parse(label ?? ""), steps);
  } catch {
    return [];
  }
}

/** A value of every plain type, and a row of NULLs, as SQL and as the rows that come back. */
const TYPED = [
  { name: "yes", sql: "true", value: true },
  { name: "tiny", sql: "-5::TINYINT", value: -5 },
  { name: "small", sql: "-300::SMALLINT", value: -300 },
  { name: "int", sql: "-70000::INTEGER", value: -70000 },
  { name: "big", sql: "-9007199254740993::BIGINT", value: -9007199254740993n },
  { name: "utiny", sql: "200::UTINYINT", value: 200 },
  { name: "usmall", sql: "60000::USMALLINT", value: 60000 },
  { name: "uint", sql: "4000000000::UINTEGER", value: 4000000000 },
  { name: "ubig", sql: "18446744073709551615::UBIGINT", value: 18446744073709551615n },
  { name: "single", sql: "0.1::FLOAT", value: Math.fround(0.1) },
  { name: "twice", sql: "1e-300::DOUBLE", value: 1e-300 },
  { name: "endless", sql: "'-inf'::DOUBLE", value: Number.NEGATIVE_INFINITY },
  { name: "not_a_number", sql: "'nan'::DOUBLE", value: Number.NaN },
  { name: "money", sql: "-12.34::DECIMAL(9,3)", value: -12340n },
  {
    name: "huge",
    sql: "12345678901234567890123456.789012345678::DECIMAL(38,12)",
    value: 12345678901234567890123456789012345678n,
  },
  { name: "day", sql: "DATE '2026-01-02'", value: Date.UTC(2026, 0, 2) },
  { name: "old_day", sql: "DATE '1583-10-15'", value: Date.UTC(1583, 9, 15) },
  {
    name: "moment",
    sql: "TIMESTAMP '2026-01-02 03:04:05.123456'",
    value: BigInt(Date.UTC(2026, 0, 2, 3, 4, 5)) * 1000n + 123456n,
    /** Where an engine keeps milliseconds only. */
    coarse: BigInt(Date.UTC(2026, 0, 2, 3, 4, 5)) * 1000n + 123000n,
  },
  {
    name: "old_moment",
    sql: "TIMESTAMP '1899-12-31 23:59:59.5'",
    value: BigInt(Date.UTC(1899, 11, 31, 23, 59, 59)) * 1000n + 500000n,
  },
  { name: "bytes_of", sql: String.raw`'\x00\xFFab'::BLOB`, value: new Uint8Array([0, 255, 97, 98]) },
  { name: "texts", sql: "['가', NULL, '']", value: ["가", null, ""] },
  { name: "no_items", sql: "[]::INTEGER[]", value: [] },
  { name: "lists", sql: "[[1, 2], [], NULL]::BIGINT[][]", value: [[1n, 2n], [], null] },
  {
    name: "box",
    sql: "{'x': 1.5::DOUBLE, 'Label': '글', 'at': [DATE '1970-01-02']}",
    value: { x: 1.5, Label: "글", at: [86400000] },
  },
  {
    name: "boxes",
    sql: "[{'n': 1::BIGINT, 'deep': {'t': 'a \"b\"'}}, NULL]",
    value: [{ n: 1n, deep: { t: 'a "b"' } }, null],
  },
  { name: "이름", sql: "'한글 column'", value: "한글 column" },
];

/** The two rows of TYPES. `coarse` for engines that keep timestamps to the millisecond. */
export function typedRows(coarse: boolean): Record<string, unknown>[] {
  const values = TYPED.map(({ name, value, coarse: cut }) => [
    name,
    coarse && cut !== undefined ? cut : value,
  ]);
  const key = Object.entries(TYPES);
  return [
    Object.fromEntries([...key, ["id", 1n], ...values]),
    Object.fromEntries([...key, ["id", 2n], ...TYPED.map(({ name }) => [name, null])]),
  ];
}

/** The upload that every row came with. */
export const UPLOAD = `u${"1".repeat(32)}`;

const system = (order = "id") => `'${UPLOAD}' AS upload_id, ${order}::BIGINT AS source_row`;
const literal = (text: string | null) => (text === null ? "NULL::VARCHAR" : quoteText(text));

function wordsOf(rows: readonly TextRow[]): string {
  const cases = rows.flatMap(({ id, words }) => {
    const lists = words?.map((list) => `[${list.map(literal).join(", ")}]::VARCHAR[]`);
    return lists === undefined ? [] : [`WHEN ${id} THEN [${lists.join(", ")}]`];
  });
  return `CASE id ${cases.join(" ")} END`;
}

function textPart(key: PartitionKey, rows: readonly TextRow[], more = ""): LakePart {
  const values = rows.map(({ id, body, label }) => `(${id}::BIGINT, ${literal(body)}, ${literal(label)})`);
  return {
    key,
    select: `SELECT *, ${system()}${more} FROM (VALUES ${values.join(", ")}) AS t(id, body, label)`,
  };
}

/** Everything that the conformance suite asks for, in partitions of different columns. */
export const PARTS: LakePart[] = [
  textPart(WORDS, TEXT_ROWS, ", id * 2 AS score, NULL::VARCHAR AS never_filled"),
  textPart(MORE, MORE_ROWS, `, ${wordsOf(MORE_ROWS)} AS words`),
  {
    key: TYPES,
    select: `SELECT 1::BIGINT AS id, ${TYPED.map(({ name, sql }) => `${sql} AS "${name}"`).join(", ")}, ${system("1")}
      UNION ALL BY NAME SELECT 2::BIGINT AS id, ${system("2")} ORDER BY id`,
  },
  {
    key: MANY,
    select: `SELECT range AS id, 'many ' || (range * 7919 % 10007) AS body, ${system("range")} FROM range(${MANY_ROWS})`,
  },
  { key: SCORES, select: `SELECT 1::BIGINT AS id, 'high' AS score, ${system("1")}` },
  { key: LAST, select: `SELECT 1::BIGINT AS id, 'low' AS score, ${system("1")}` },
];

export const COUNTS = [
  { ...MORE, rows: MORE_ROWS.length },
  { ...WORDS, rows: TEXT_ROWS.length },
  { ...TYPES, rows: 2 },
  { ...MANY, rows: MANY_ROWS },
  { ...SCORES, rows: 1 },
  { ...LAST, rows: 1 },
];
