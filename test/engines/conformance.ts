import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { QueryEngine } from "../../src/query/engine.ts";
import { parseValue } from "../../src/schema/check.ts";
import { comparePartitions } from "../../src/schema/partition.ts";
import { type RowQuery, RowQuerySchema, type RowResult, type SqlLimits } from "../../src/schema/query.ts";
import { formatRowKey } from "../../src/schema/row-key.ts";
import { collectRows } from "./collect.ts";
import { type EngineLake, makeEngineLake } from "./lake.ts";
import {
  COUNTS,
  filterRows,
  LAST,
  MANY,
  MANY_ROWS,
  MORE,
  MORE_ROWS,
  PARTS,
  SCORES,
  TEXT_ROWS,
  TYPES,
  typedRows,
  UPLOAD,
  WORDS,
} from "./rows.ts";

export interface EngineUnderTest {
  engine: QueryEngine;
  /** Besides the engine: what it talks to. */
  close?(): void | Promise<void>;
}

export interface EngineTraits {
  /** Leaves the suite out. */
  skip?: boolean;
  /** Timestamps are kept to the millisecond. */
  milliseconds?: boolean;
}

const LIMITS: SqlLimits = { timeoutMs: 110_000, memory: "1GB", maxRows: 100_000, maxBytes: 50_000_000 };
/** Longer than anybody waits, on any engine. */
const ENDLESS =
  "SELECT count(*) AS n FROM catalog AS a CROSS JOIN catalog AS b CROSS JOIN catalog AS c WHERE a.id * b.id + c.id < -1";

/** Texts that stand somewhere in the rows, or nowhere. */
const NEEDLES = [
  "한국어",
  "국",
  "한국어".normalize("NFD"),
  "ᄒ",
  "😀",
  "👩",
  "it's",
  '"quoted"',
  "%",
  "0% s",
  "_",
  "snake_",
  "\\",
  "k\\s",
  "\n",
  "1\nl",
  "\t",
  "straße",
  "STRASSE",
  "Café",
  "é",
  "'; DROP",
  "; --",
  "12345",
  "NULL",
  "null",
  "broken",
  "Å",
  "fi",
  " ",
  "word",
  "nested deep",
  "absent",
  "영수증",
  "둘",
  "\\ud",
  'x"',
];

/** Paths, and texts that stand there, or only elsewhere in the JSON, or nowhere. */
const AT_PATHS = [
  ["$", "lone"],
  ["$", "한국어"],
  ["$.word", "plain"],
  ["$.word.text", "한국어"],
  ["$.word.text.content", "한국어"],
  ["$.word.text.content", "e"],
  ["$.word.text.content", "123"],
  ["$.word.text.content", "-0.25"],
  ["$.word.text.content", "5678.5"],
  ["$.word.text.content", "0.0001"],
  ["$.word.text.content", "true"],
  ["$.word.text.content", "null"],
  ["$", "null"],
  ["$.word", "영수증"],
  ["$.word.text.content", "\\"],
  ["$.word.text.content", '"'],
  ["$.word.text.content", "\n"],
  ["$.word.text.content", "😀"],
  ["$.word.text.content", "broken"],
  ["$.word.text.content", "content"],
  ["$.word[*].text.content", "문서"],
  ["$.word[0].text.content", "문서"],
  ["$.word[1].text.content", "문서"],
  ["$.word[0]", "s"],
  ["$.word[0][1]", "second"],
  ["$.word[2]", "zero"],
  ['$["a key"]["with.dot"]["and \\"quote\\""]', "found"],
  ['$["0"]', "zero"],
  ["$.한", "글"],
  ["$[1]", "text"],
  ["$.absent", "한국어"],
] as const;

const PATHS = ["$", "$.word.text", "$.word.text.content", "$.word[0][1]", "$.word[2]", '$["0"]', "$.absent"];

/** What every engine must answer, row by row and value by value, over a lake of its own. */
export function describeEngine(
  name: string,
  make: (lake: EngineLake) => Promise<EngineUnderTest>,
  { skip = false, milliseconds = false }: EngineTraits = {},
): void {
  describe.skipIf(skip)(`${name} as a query engine`, () => {
    let lake: EngineLake | undefined;
    let made: EngineUnderTest | undefined;
    let engine: QueryEngine;

    beforeAll(async () => {
      lake = await makeEngineLake(PARTS);
      made = await make(lake);
      engine = made.engine;
    }, 300_000);
    afterAll(async () => {
      made?.engine.close();
      await made?.close?.();
      await lake?.remove();
    });

    const codeOf = async (work: Promise<unknown>): Promise<string> => {
      try {
        await work;
      } catch (error) {
        return (error as { code?: string }).code ?? String(error);
      }
      return "none";
    };
    /** A result's rows by `id`, checked against what it says of them. */
    const read = async (result: RowResult) => {
      const rows = await collectRows(result);
      expect(rows.length).toBe(result.rowCount);
      expect(result.partitions.reduce((sum, { rows: count }) => sum + count, 0)).toBe(result.matchCount);
      return rows;
    };
    const idsOf = async (query: RowQuery) =>
      (await read(await engine.retrieveWithExistingCols(query))).map(({ id }) => Number(id));

    describe("partitions", () => {
      test("all, in order, with their rows", async () => {
        expect(await engine.retrievePartitions()).toEqual([...COUNTS].sort(comparePartitions));
      });

      test("those selected, by any of the four names", async () => {
        const select = async (query: RowQuery) =>
          (await engine.retrievePartitions(query)).map((key) => key.variant);
        expect(await select({ datasets: [WORDS.dataset] })).toEqual(["more", "words"]);
        expect(await select({ providers: ["hf"], tasks: ["raw"] })).toEqual(["mixed", "text"]);
        expect(await select({ variants: ["words", "base"] })).toEqual(["words", "base", "base"]);
        expect(await select({ variants: ["none"] })).toEqual([]);
      });
    });

    describe("rows", () => {
      test("with the columns that hold a value in the selection, names first, the lake's own last", async () => {
        const result = await engine.retrieveWithExistingCols({ datasets: [WORDS.dataset] });
        const names = result.columns.map((column) => column.name);
        expect(names.slice(0, 4)).toEqual(["provider", "dataset", "task", "variant"]);
        expect(names.slice(4, -2).sort()).toEqual(["body", "id", "label", "score", "words"]);
        expect(names.slice(-2)).toEqual(["upload_id", "source_row"]);
        expect(result.schema.fields.map((field) => field.name)).toEqual(names);
        expect(result.features.id).toEqual({ dtype: "int64", _type: "Value" });
        const rows = await read(result);
        const expected = [
          ...MORE_ROWS.map((row) => ({ ...MORE, words: null, ...row, score: null })),
          ...TEXT_ROWS.map((row) => ({ ...WORDS, words: null, ...row, score: BigInt(row.id * 2) })),
        ].map((row) => ({ ...row, id: BigInt(row.id), upload_id: UPLOAD, source_row: BigInt(row.id) }));
        expect(rows).toEqual(expected);
      });

      test("with values of every type, exactly", async () => {
        const result = await engine.retrieveWithExistingCols({ datasets: [TYPES.dataset] });
        const rows = await read(result);
        const expected = typedRows(milliseconds);
        expect(rows).toEqual(
          expected.map((row) => ({ ...row, upload_id: UPLOAD, source_row: row.id })) as typeof rows,
        );
        const types = new Map(result.columns.map((column) => [column.name, column.type]));
        expect(types.get("ubig")).toBe("UBIGINT");
        expect(types.get("money")).toBe("DECIMAL(9,3)");
        expect(types.get("lists")).toBe("BIGINT[][]");
      });

      test("of partitions in their order, behind the surrogates too, in one common type", async () => {
        const result = await engine.retrieveWithExistingCols({ tasks: ["kie", "ocr"] });
        const rows = await read(result);
        const keys = [...MORE_ROWS.map(() => MORE), ...TEXT_ROWS.map(() => WORDS), SCORES, LAST];
        expect(rows.map(({ provider }) => provider)).toEqual(keys.map(({ provider }) => provider));
        expect(rows.slice(-3).map(({ score }) => score)).toEqual([
          String(TEXT_ROWS.length * 2),
          "high",
          "low",
        ]);
      });

      test("in stored order, over many batches, up to a limit", async () => {
        const result = await engine.retrieveWithExistingCols({ datasets: [MANY.dataset] });
        expect(result.rowCount).toBe(MANY_ROWS);
        const ids = (await read(result)).map(({ id }) => Number(id));
        expect(ids).toEqual(Array.from({ length: MANY_ROWS }, (_, at) => at));
        const limited = await engine.retrieveWithExistingCols({ datasets: [MANY.dataset], limit: 5000 });
        expect([limited.rowCount, limited.matchCount]).toEqual([5000, MANY_ROWS]);
        expect((await read(limited)).map(({ id }) => Number(id))).toEqual(ids.slice(0, 5000));
      });

      test("none at the limit 0", async () => {
        const result = await engine.retrieveWithExistingCols({ limit: 0 });
        expect(await read(result)).toEqual([]);
        expect(result.matchCount).toBe(COUNTS.reduce((sum, { rows }) => sum + rows, 0));
      });

      test("of a selection of nothing are not found", async () => {
        expect(await codeOf(engine.retrieveWithExistingCols({ datasets: ["none"] }))).toBe("not_found");
      });
    });

    describe("text", () => {
      const selection = { datasets: [WORDS.dataset] };
      const expected = (query: RowQuery) =>
        [...filterRows(MORE_ROWS, query), ...filterRows(TEXT_ROWS, query)].map(({ id }) => id);

      test("stands literally, in one column or in any, with and without case", async () => {
        await someAtOnce([...NEEDLES.entries()], async ([at, needle]) => {
          const text = needle.normalize("NFC");
          const ways: RowQuery[] = [
            { text },
            { text, column: "label" },
            { text, column: "body" },
            { text, column: "body", ignore_case: true },
            { text, column: "words" },
          ];
          const query = ways[at % ways.length] as RowQuery; // every way costs a cluster some statements
          const ids = await idsOf({ ...selection, ...query });
          expect({ query, ids }).toEqual({ query, ids: expected(query) });
        });
      }, 300_000);

      test("stands in a string at a JSON path, lists searched element by element, bad JSON passed over", async () => {
        await someAtOnce(AT_PATHS, async ([json_path, text]) => {
          const query = { text, column: "label", json_path };
          const ids = await idsOf({ ...selection, ...query });
          expect({ query, ids }).toEqual({ query, ids: expected(query) });
        });
        const folded = {
          text: "STRASSE",
          column: "label",
          json_path: "$.word.text.content",
          ignore_case: true,
        };
        expect(await idsOf({ ...selection, ...folded })).toEqual(expected(folded));
      }, 300_000);

      test("is of words, each of which stands somewhere in the row", async () => {
        const texts = ["한국어 영수증", " 둘\n한국어  둘 ", "영수증 Straße", "한국어 absent", "영수증"];
        await someAtOnce(texts, async (text) => {
          const query: RowQuery = { text, each_word: true };
          const ids = await idsOf({ ...selection, ...query });
          expect({ query, ids }).toEqual({ query, ids: expected(query) });
        });
        const inLabel: RowQuery = {
          ...{ text: "한국어 STRASSE", column: "label", json_path: "$.word.text.content" },
          ...{ each_word: true, ignore_case: true },
        };
        expect(await idsOf({ ...selection, ...inLabel })).toEqual(expected(inLabel));
        // Of several strings, and not of one.
        const apart = { text: "둘 영수증" };
        expect(expected({ ...apart, each_word: true }).length).toBeGreaterThan(expected(apart).length);
      }, 300_000);

      test("is counted by partition, and limited in order", async () => {
        const text = "한국어";
        const result = await engine.retrieveWithExistingCols({ ...selection, text, limit: 2 });
        const all = expected({ text });
        expect(result.matchCount).toBe(all.length);
        expect(result.partitions).toEqual([
          { ...MORE, rows: filterRows(MORE_ROWS, { text }).length },
          { ...WORDS, rows: filterRows(TEXT_ROWS, { text }).length },
        ]);
        expect((await read(result)).map(({ id }) => Number(id))).toEqual(all.slice(0, 2));
        const once = await engine.retrieveWithExistingCols({ text: "high" });
        expect(once.partitions).toEqual([{ ...SCORES, rows: 1 }]);
        expect(await read(once)).toMatchObject([{ ...SCORES, score: "high" }]);
      });

      test("that is nowhere gives no rows, and no error", async () => {
        const result = await engine.retrieveWithExistingCols({ text: "nowhere at all" });
        expect([result.rowCount, result.matchCount, result.partitions]).toEqual([0, 0, []]);
        expect(await read(result)).toEqual([]);
        expect(await idsOf({ ...selection, text: "x", column: "never_filled" })).toEqual([]);
      });

      test("is refused in a column that is not there or holds no text", async () => {
        expect(await codeOf(engine.retrieveWithExistingCols({ text: "x", column: "bdoy" }))).toBe(
          "not_found",
        );
        expect(
          await codeOf(engine.retrieveWithExistingCols({ ...selection, text: "x", column: "score" })),
        ).toBe("usage");
        const path = { ...selection, column: "score", json_path: "$.a" };
        expect(await codeOf(engine.retrieveWithExistingCols(path))).toBe("usage");
      });
    });

    describe("named rows", () => {
      const keysOf = (key: typeof WORDS, places: readonly number[]) =>
        places.map((place) => formatRowKey(key, UPLOAD, place));

      test("come in stored order, of several partitions, up to a limit", async () => {
        const [first, , , fourth] = TEXT_ROWS.map(({ id }) => id) as [number, number, number, number];
        const rows = [...keysOf(MANY, [29_999, 7]), ...keysOf(WORDS, [fourth, first])];
        const query = parseValue(RowQuerySchema, { rows: [...rows, rows[0]] });
        const result = await engine.retrieveWithExistingCols(query);
        expect(result.partitions).toEqual([
          { ...WORDS, rows: 2 },
          { ...MANY, rows: 2 },
        ]);
        const places = (await read(result)).map(({ variant, source_row }) => [variant, Number(source_row)]);
        const expected = [
          ...[first, fourth].map((at) => [WORDS.variant, at]),
          ...[7, 29_999].map((at) => [MANY.variant, at]),
        ];
        expect(places).toEqual(expected);
        const limited = await engine.retrieveWithExistingCols({ ...query, limit: 3 });
        expect([limited.rowCount, limited.matchCount]).toEqual([3, 4]);
        expect((await read(limited)).length).toBe(3);
      });

      test("are refused where one is gone, of another partition, or of a partition that is not there", async () => {
        const gone = [
          keysOf(MANY, [0, 1_000_000]),
          [...keysOf(MANY, [7]), ...keysOf(WORDS, [29_999])],
          keysOf({ ...WORDS, variant: "none" }, [0]),
        ];
        for (const rows of gone) {
          expect(await codeOf(engine.retrieveWithExistingCols({ rows }))).toBe("not_found");
        }
      });
    });

    describe("filters", () => {
      const selection = { datasets: [WORDS.dataset] };
      const all = [...MORE_ROWS, ...TEXT_ROWS];
      const expected = (holds: (row: (typeof all)[0]) => boolean) => all.filter(holds).map(({ id }) => id);

      test("take one of the values, or none, each literally", async () => {
        const cases: [string[], (row: (typeof all)[0]) => boolean][] = [
          [["body=100% sure"], ({ body }) => body === "100% sure"],
          [['body=it\'s "quoted"', "body=NULL"], ({ body }) => body === 'it\'s "quoted"' || body === "NULL"],
          [["body="], ({ body }) => body === null || body === ""],
          [["body=", "body=broken"], ({ body }) => body === null || body === "" || body === "broken"],
          [["id=7"], ({ id }) => id === 7],
          [["id=7", "id=101", "body=snakeXcase"], ({ id }) => id === 7],
          [["body=absent"], () => false],
          ...["한국어 문서", "한국어 문서".normalize("NFD")].map((body): (typeof cases)[0] => [
            [`body=${body}`],
            (row) => row.body?.normalize() === "한국어 문서",
          ]),
        ];
        await someAtOnce(cases, async ([where, holds]) => {
          expect([where, await idsOf({ ...selection, where })]).toEqual([where, expected(holds)]);
        });
      }, 300_000);

      test("take numbers and days as they are shown", async () => {
        for (const where of ["single=0.1", "twice=1e-300", "money=-12.340", "day=2026-01-02"]) {
          const ids = await idsOf({ datasets: [TYPES.dataset], where: [where] });
          expect([where, ids]).toEqual([where, [1]]);
        }
        const none = await idsOf({ datasets: [TYPES.dataset], where: ["single=far", "twice="] });
        expect(none).toEqual([]);
      });

      test("hold with a text", async () => {
        const where = ["id=1", "id=2", "id=3", "id=101"];
        const found = [
          ...filterRows(MORE_ROWS, { text: "한국어" }),
          ...filterRows(TEXT_ROWS, { text: "한국어" }),
        ];
        const ids = found.map(({ id }) => id).filter((id) => [1, 2, 3, 101].includes(id));
        expect(await idsOf({ ...selection, text: "한국어", where })).toEqual(ids);
      });

      test("by a measure take no row without a value", async () => {
        expect(await idsOf({ ...selection, where: ["width=0.."] })).toEqual([]);
      });

      test("are refused by a column that is not there, or of several values", async () => {
        expect(await codeOf(idsOf({ ...selection, where: ["nowhere=1"] }))).toBe("not_found");
        expect(await codeOf(idsOf({ datasets: [TYPES.dataset], where: ["texts=a"] }))).toBe("usage");
      });
    });

    describe("valid content", () => {
      const selection = { datasets: [WORDS.dataset] };
      const expected = (query: RowQuery) =>
        [...filterRows(MORE_ROWS, query), ...filterRows(TEXT_ROWS, query)].map(({ id }) => id);

      test("is what is neither NULL nor empty, in a column or at a path of it", async () => {
        const queries = [{ column: "body" }, ...PATHS.map((json_path) => ({ column: "label", json_path }))];
        await someAtOnce(queries, async (query) => {
          const result = await engine.retrieveWithExistingCols({ ...selection, ...query });
          const ids = (await read(result)).map(({ id }) => Number(id));
          expect({ query, ids }).toEqual({ query, ids: expected(query) });
        });
      }, 300_000);

      test("may be of any type", async () => {
        const columns = [
          "yes",
          "big",
          "money",
          "day",
          "moment",
          "bytes_of",
          "texts",
          "no_items",
          "box",
          "이름",
        ];
        await someAtOnce(columns, async (column) => {
          expect([column, await idsOf({ datasets: [TYPES.dataset], column })]).toEqual([column, [1]]);
        });
        expect(await idsOf({ ...selection, column: "score" })).toEqual(TEXT_ROWS.map(({ id }) => id));
      });
    });

    describe("tables", () => {
      test("are listed and described", async () => {
        expect(await engine.listTables()).toContain("catalog");
        const columns = await engine.getTableInfo("catalog");
        expect(columns).toContainEqual({ name: "body", type: "VARCHAR" });
        expect(columns).toContainEqual({ name: "id", type: "BIGINT" });
        expect(await codeOf(engine.getTableInfo("nothing"))).toBe("not_found");
      });
    });

    describe("sql", () => {
      test("gives one SELECT's rows", async () => {
        const sql = `SELECT id, body FROM catalog /* ; */ WHERE dataset = '${WORDS.dataset}' AND id < 4 ORDER BY id; -- end`;
        const result = await engine.sql(sql, LIMITS);
        expect(result.columns).toEqual([
          { name: "id", type: "BIGINT" },
          { name: "body", type: "VARCHAR" },
        ]);
        const expected = TEXT_ROWS.slice(0, 3).map(({ id, body }) => ({ id: BigInt(id), body }));
        expect(await collectRows(result)).toEqual(expected);
        expect(await collectRows(await engine.sql("SELECT id FROM catalog WHERE false", LIMITS))).toEqual([]);
        const united = "WITH t AS (SELECT 1 AS n) (SELECT n FROM t UNION ALL SELECT 2) ORDER BY 1";
        expect(await collectRows(await engine.sql(united, LIMITS))).toEqual([{ n: 1 }, { n: 2 }]);
      });

      test("refuses all else", async () => {
        for (const text of [
          "",
          "  -- nothing",
          "SELECT 1; SELECT 2",
          "DROP TABLE catalog",
          "DELETE FROM catalog",
          "INSERT INTO catalog SELECT * FROM catalog",
          "CREATE TABLE x AS SELECT 1 AS n",
          "/* SELECT */ DROP TABLE catalog",
          "SELECT 'open",
          "SELECT nothing FROM catalog",
          "SELECT * FROM no_such_table",
          "SELEC 1",
        ]) {
          const run = async () => collectRows(await engine.sql(text, LIMITS));
          expect([text, await codeOf(run())]).toEqual([text, "invalid_sql"]);
        }
        expect(await engine.retrievePartitions()).toHaveLength(COUNTS.length);
      });

      test("is held to its limits", async () => {
        const run = async (sql: string, limits: Partial<SqlLimits>) =>
          collectRows(await engine.sql(sql, { ...LIMITS, ...limits }));
        expect(await codeOf(run("SELECT id FROM catalog", { maxRows: 1000 }))).toBe("too_large");
        expect(await codeOf(run("SELECT body FROM catalog", { maxBytes: 10_000 }))).toBe("too_large");
        expect(await codeOf(run("SELECT 1 AS n", { maxRows: 1 }))).toBe("none");
        expect(await codeOf(run(ENDLESS, { timeoutMs: 1000 }))).toBe("timeout");
      }, 300_000);
    });

    describe("cancelling", () => {
      test("stops SQL that runs", async () => {
        const abort = new AbortController();
        const running = (async () => collectRows(await engine.sql(ENDLESS, LIMITS, abort.signal)))();
        setTimeout(() => abort.abort(), 300);
        expect(await codeOf(running)).toBe("cancelled");
        expect(await engine.retrievePartitions()).toHaveLength(COUNTS.length);
      }, 300_000);

      test("stops rows that are being read, and a query that has not begun", async () => {
        const abort = new AbortController();
        const result = await engine.retrieveWithExistingCols({ datasets: [MANY.dataset] }, abort.signal);
        const reading = (async () => {
          for await (const _ of result.batches) abort.abort();
        })();
        expect(await codeOf(reading)).toBe("cancelled");
        expect(await codeOf(engine.retrieveWithExistingCols({}, abort.signal))).toBe("cancelled");
        expect(await codeOf(engine.retrieveWithExistingCols({ text: "한" }, abort.signal))).toBe("cancelled");
      });
    });
  });
}

/** An engine that is asked several things at once answers as it does one by one, and sooner. */
async function someAtOnce<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  await Promise.all(
    [1, 2, 3, 4].map(async () => {
      for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
    }),
  );
}
