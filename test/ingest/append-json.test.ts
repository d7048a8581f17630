import { expect, test } from "bun:test";
import { join } from "node:path";
import { quoteText } from "../../src/query/sql.ts";
import { withKit } from "./kit.ts";

type Kit = Parameters<Parameters<typeof withKit>[0]>[0];

const append = { mode: "append" } as const;
const MIXED = { dtype: "string", id: "json", _type: "Value" };
const QUOTED = "the texts of v are kept as JSON text: the partition has values of several types there";

async function write(kit: Kit, name: string, ...values: unknown[]): Promise<string> {
  const file = join(kit.folder, name);
  await Bun.write(file, values.map((v) => `${JSON.stringify({ v })}\n`).join(""));
  return file;
}

/** Rows of an append, as the values that their JSON says. */
async function added(kit: Kit, ...values: unknown[]) {
  const { rows, plan, manifest } = await kit.stage(await write(kit, "more.jsonl", ...values), append);
  const said = rows.map(({ v }) => (v === null ? null : JSON.parse(v as string)));
  return { said, notices: plan.notices, feature: manifest.features.v };
}

test("what is added to a column of several types is JSON text, too: a text stands in quotes", () =>
  withKit(async (kit) => {
    const begun = await kit.stage(await write(kit, "mixed.jsonl", "7", 7, { a: "가" }, null));
    expect(begun.rows.map(({ v }) => v)).toEqual(['"7"', "7", '{"a":"가"}', null]);
    expect(begun.manifest.features.v).toEqual(MIXED);
    for (const [values, isTold] of [
      [["7", '"', "a\\b", "가\n나", "null", "", null], true],
      [[{ b: ["x"] }, [{ c: 1 }]], false],
      [[null, null], false],
      [["7", 7, [1, "x"]], false],
      [[7, 0.5, -1], false],
      [[true, null], false],
      [[["a", '"'], []], false],
      [[[], null], false],
      [[[null]], false],
    ] as const) {
      const { said, notices, feature } = await added(kit, ...values);
      expect(said).toEqual([...values]);
      expect(notices.includes(QUOTED)).toBe(isTold);
      expect(feature).toEqual(MIXED);
    }
  }));

test("text of other formats, which may be JSON or not, is refused there; nulls, objects and the lake's own are not", () =>
  withKit(async (kit) => {
    await kit.stage(await write(kit, "mixed.jsonl", "7", 7));
    const parquet = async (name: string, select: string, features = {}) => {
      const file = join(kit.folder, `${name}.parquet`);
      const huggingface = quoteText(JSON.stringify({ info: { features } }));
      await kit.session.database.run(
        `COPY (${select}) TO ${quoteText(file)} (FORMAT parquet, KV_METADATA {huggingface: ${huggingface}})`,
      );
      return file;
    };
    const csv = join(kit.folder, "text.csv");
    await Bun.write(csv, "v,w\n07,x\n");
    for (const path of [await parquet("text", `SELECT '"7"' AS v`), csv]) {
      const refused = await kit.plan(path, append).catch((error) => error);
      expect(refused).toMatchObject({ code: "type_mismatch" });
      expect(refused.message).toContain("v");
    }
    for (const path of [
      await parquet("nulls", "SELECT NULL::VARCHAR AS v, 1 AS w"),
      await parquet("objects", "SELECT {a: '7'} AS v"),
      await parquet("unsigned", "SELECT 18446744073709551615::UBIGINT AS v"),
      await parquet("fraction", "SELECT 0.5::DECIMAL(38,38) AS v"),
      await parquet("own", `SELECT '"7"' AS v`, { v: MIXED }),
    ]) {
      expect((await kit.plan(path, append)).features.v).toEqual(MIXED);
    }
  }));

test("beside plain text nothing is quoted: JSON text of objects, long numbers, another dataset", () =>
  withKit(async (kit) => {
    for (const [dataset, first] of [
      ["texts", ["7", "x"]],
      ["objects", [{ a: 1 }]],
    ] as const) {
      await kit.stage(await write(kit, "first.jsonl", ...first), { dataset });
      const more = await kit.stage(await write(kit, "second.jsonl", "7", "가"), { ...append, dataset });
      expect(more.rows.map(({ v }) => v)).toEqual(["7", "가"]);
      expect(more.manifest.features.v).toBeUndefined();
      expect(more.plan.notices.join()).not.toContain("JSON");
    }
  }));

test("a replacement that waits is what an append will stand beside; all of that must be JSON text", () =>
  withKit(async (kit) => {
    const rows = async (dataset: string, mode: "append" | "replace", ...values: unknown[]) => {
      const staged = await kit.stage(await write(kit, "next.jsonl", ...values), { mode, dataset });
      return { values: staged.rows.map(({ v }) => v), notices: staged.plan.notices.join("\n") };
    };
    await rows("a", "append", "m", 1);
    await rows("a", "replace", "plain");
    expect((await rows("a", "append", "t")).values).toEqual(["t"]);

    await rows("b", "append", "plain");
    const mixed = await rows("b", "append", "m", 1);
    expect(mixed.values).toEqual(['"m"', "1"]);
    expect(mixed.notices).toContain("the texts of v are in quotes, as JSON text; nothing says so");
    expect((await rows("b", "append", "t")).values).toEqual(["t"]);
  }));

test("NaN and infinities beside values of other types are what Python reads in JSON", () =>
  withKit(async (kit) => {
    const file = join(kit.folder, "odd.jsonl");
    await Bun.write(file, ["inf", "+inf", "nan", "-Infinity", '"inf"'].map((v) => `{"v":${v}}\n`).join(""));
    const { rows } = await kit.stage(file);
    expect(rows.map(({ v }) => v)).toEqual(["Infinity", "Infinity", "NaN", "-Infinity", '"inf"']);
  }));

test("numbers that are added to text are told, and have the zero in front of their point", () =>
  withKit(async (kit) => {
    const parquet = async (name: string, select: string) => {
      const file = join(kit.folder, `${name}.parquet`);
      await kit.session.database.run(`COPY (${select}) TO ${quoteText(file)} (FORMAT parquet)`);
      return file;
    };
    await kit.stage(await parquet("text", "SELECT 'x' AS v, ['y'] AS w"));
    const select = "SELECT '-0.25'::DECIMAL(38,38) AS v, [0.5::DECIMAL(20,20)] AS w";
    const { rows, plan } = await kit.stage(await parquet("numbers", select), append);
    expect(rows).toMatchObject([{ v: `-0.25${"0".repeat(36)}`, w: [`0.5${"0".repeat(19)}`] }]);
    expect(plan.notices).toContain("the numbers of v, w are kept as text: the partition has text there");
  }));
