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
    await Bun.write(csv, "v,w\n7,x\n");
    for (const path of [await parquet("text", `SELECT '"7"' AS v`), csv]) {
      const refused = await kit.plan(path, append).catch((error) => error);
      expect(refused).toMatchObject({ code: "type_mismatch" });
      expect(refused.message).toContain("v");
    }
    for (const path of [
      await parquet("nulls", "SELECT NULL::VARCHAR AS v, 1 AS w"),
      await parquet("objects", "SELECT {a: '7'} AS v"),
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
