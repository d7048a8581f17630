import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { quoteText } from "../../src/query/sql.ts";
import { renderCondition } from "../../src/query/statement/condition.ts";
import type { StatementRunner } from "../../src/query/statement/statements.ts";
import { createTrinoRunner } from "../../src/query/trino/runner.ts";
import { formatJsonPath, type JsonStep, parseJsonPath } from "../../src/schema/json-path.ts";
import { filterRows, type TextRow } from "./rows.ts";
import { trinoWanted, useTrino } from "./trino.ts";

setDefaultTimeout(300_000); // Trino may have to be started, on a machine that is busy

/** Few letters, so that texts meet: parts of Korean syllables, marks, what LIKE and SQL treat as special, escapes. */
const LETTERS = [
  "한",
  "ᄒ",
  "ᅡ",
  "ᆫ",
  "가",
  "e",
  "\u0301",
  "é",
  "E",
  "Å",
  "Σ",
  "ς",
  "😀",
  "%",
  "_",
  "'",
  '"',
  "\\",
  "\n",
  "1",
  "2",
];
const Text = fc.string({ unit: fc.constantFrom(...LETTERS), maxLength: 6 });
const Key = fc.constantFrom("word", "word", "word", "0", "1", "한 b", 'q"\\s');
const Step: fc.Arbitrary<JsonStep> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ key: Key }) },
  { weight: 1, arbitrary: fc.record({ index: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.constant({ each: true as const }) },
);

/** JSON in which lists stand in lists at most two deep, as engines search them. */
const { document: Json } = fc.letrec<{ document: unknown; item: unknown; object: unknown }>((tie) => ({
  document: fc.oneof(
    tie("item"),
    fc.array(fc.oneof(tie("item"), fc.array(tie("item"), { maxLength: 2 })), { maxLength: 3 }),
  ),
  item: fc.oneof({ depthSize: "small" }, Text, fc.constantFrom(null, true, 12, -1.25, ""), tie("object")),
  object: fc.dictionary(Key, tie("document"), { maxKeys: 3 }),
}));
const Label = fc.oneof(
  { weight: 6, arbitrary: Json.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: Json.map((value) => JSON.stringify(value).replace(/[^\0-\x7f]/g, escapeUnit)) },
  { weight: 1, arbitrary: Json.map((value) => JSON.stringify(value).slice(0, -1)) },
  { weight: 1, arbitrary: Json.map((value) => `${JSON.stringify(value)} behind`) },
  {
    weight: 1,
    arbitrary: Json.map(
      (value) => `{"n": [1e400, ${"9".repeat(60)}, -0.5E-9], "word": ${JSON.stringify(value)}}`,
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom(null, "", "word", "NaN", "{'word': 1}") },
);

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

const Words = fc.array(fc.array(fc.option(fc.oneof(Text, Label)), { maxLength: 2 }), { maxLength: 2 });

const Rows: fc.Arbitrary<TextRow[]> = fc
  .array(fc.record({ body: fc.option(fc.oneof(Text, Label)), label: Label, words: fc.option(Words) }), {
    minLength: 1,
    maxLength: 80,
    size: "max",
  })
  .map((rows) => rows.map((row, id) => ({ id, ...row })));

/** Short, so that it is found. */
const Needle = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .string({ unit: fc.constantFrom(...LETTERS), minLength: 1, maxLength: 2 })
      .map((text) => text.normalize("NFC")),
  },
  { weight: 1, arbitrary: fc.constantFrom("true", "null", "ru", "l") },
);

describe.skipIf(!trinoWanted)("Trino takes the rows that a plain filter takes", () => {
  let runner: StatementRunner;
  beforeAll(async () => {
    const { url } = await useTrino();
    runner = createTrinoRunner({ url, catalog: "system", schema: "runtime", table: "x", user: "test" });
  });
  afterAll(() => runner?.close());

  const ask = async (rows: readonly TextRow[], condition: string): Promise<number[]> => {
    const literal = (text: string | null) => (text === null ? "CAST(NULL AS varchar)" : quoteText(text));
    const listOf = (lists: TextRow["words"]) =>
      lists ? `ARRAY[${lists.map((list) => `ARRAY[${list.map(literal).join(", ")}]`).join(", ")}]` : "NULL";
    const values = rows.map(
      ({ id, body, label, words }) =>
        `(${id}, ${literal(body)}, ${literal(label)}, CAST(${listOf(words)} AS array(array(varchar))))`,
    );
    const sql = `SELECT id FROM (VALUES ${values.join(", ")}) AS t(id, body, label, words) WHERE ${condition} ORDER BY id`;
    return (await Array.fromAsync((await runner.run(sql)).rows)).map(([id]) => Number(id));
  };
  const columns = (...names: string[]) => names.map((name) => ({ name, type: "VARCHAR" }));

  test("for any text", async () => {
    await fc.assert(
      fc.asyncProperty(Rows, Needle, fc.boolean(), async (rows, text, ignoreCase) => {
        const lists = { name: "words", type: "VARCHAR[][]" };
        const condition = {
          columns: [...columns("body", "label"), lists],
          text,
          steps: undefined,
          ignoreCase,
        };
        const expected = filterRows(rows, { text, ignore_case: ignoreCase }).map(({ id }) => id);
        expect(await ask(rows, renderCondition(condition, false))).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  test("for any text, or none, at any JSON path", async () => {
    const Searched = fc.option(Needle, { nil: undefined });
    await fc.assert(
      fc.asyncProperty(Rows, fc.array(Step, { maxLength: 3 }), Searched, async (rows, steps, text) => {
        const json_path = formatJsonPath(steps);
        expect(parseJsonPath(json_path)).toEqual(steps);
        const condition = { columns: columns("label"), text, steps, ignoreCase: false };
        const expected = filterRows(rows, { column: "label", json_path, text }).map(({ id }) => id);
        expect(await ask(rows, renderCondition(condition, false))).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });
});
