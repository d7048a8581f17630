import { expect, test } from "bun:test";
import { join } from "node:path";
import {
  type DataType,
  DurationMillisecond,
  DurationSecond,
  Int64,
  makeData,
  Table,
  tableToIPC,
  Vector,
} from "apache-arrow";
import { quoteText } from "../../src/query/sql.ts";
import { withKit } from "./kit.ts";

type Kit = Parameters<Parameters<typeof withKit>[0]>[0];

const label = (...names: string[]) => ({ names, _type: "ClassLabel" });
const list = (feature: unknown) => ({ feature, _type: "Sequence" });
const append = { mode: "append" } as const;

/** A Parquet file of `datasets`: rows of a SELECT with these features. */
async function write(kit: Kit, select: string, features: Record<string, unknown>): Promise<string> {
  const file = join(kit.folder, `${Bun.hash(select + JSON.stringify(features))}.parquet`);
  const huggingface = quoteText(JSON.stringify({ info: { features } }));
  await kit.session.database.run(
    `COPY (${select}) TO ${quoteText(file)} (FORMAT parquet, KV_METADATA {huggingface: ${huggingface}})`,
  );
  return file;
}

test("an append whose numbers are labels of other names is refused, with the names of both", () =>
  withKit(async (kit) => {
    const [y, tags] = [label("cat", "dog"), list(label("O", "B-TOTAL"))];
    await kit.stage(
      await write(kit, "SELECT 1::BIGINT AS y, [1::BIGINT] AS tags FROM range(2)", { y, tags }),
    );
    for (const [column, features] of [
      ["y", { y: label("dog", "cat"), tags }],
      ["tags", { y, tags: list(label("B-TOTAL", "O")) }],
    ] as const) {
      const path = await write(kit, "SELECT 0::BIGINT AS y, [0::BIGINT] AS tags", features);
      const refused = await kit.plan(path, append).catch((error) => error);
      expect(refused).toMatchObject({ code: "type_mismatch", details: { column } });
      const names = column === "y" ? ['0 "dog", 1 "cat"', '0 "cat", 1 "dog"'] : ['0 "B-TOTAL"', '0 "O"'];
      for (const said of names) expect(refused.message).toContain(said);
      const others = await kit.stage(path, { dataset: `other-${column}` });
      expect(others.plan.notices).toEqual([]);
    }
    for (const names of [["cat"], ["cat", "dog"], ["cat", "dog", "cow"]]) {
      const path = await write(kit, "SELECT 0::BIGINT AS y, [0::BIGINT] AS tags", {
        y: label(...names),
        tags,
      });
      expect((await kit.plan(path, append)).notices).toEqual([]);
    }
    const nulls = await write(kit, "SELECT NULL::BIGINT AS y, 2::BIGINT AS z", { y: label("x") });
    expect((await kit.plan(nulls, append)).notices).toEqual([]);
  }));

test("an append says so where numbers have names on one side alone", () =>
  withKit(async (kit) => {
    const features = { y: label("cat", "dog") };
    await kit.stage(await write(kit, "SELECT 1::BIGINT AS y, 5::BIGINT AS n FROM range(2)", features));
    const plain = await kit.plan(await write(kit, "SELECT 0::BIGINT AS y, 6::BIGINT AS n", {}), append);
    expect(plain.notices).toEqual([
      'the numbers of y have no names here and become labels of p/d/raw/text (0 "cat", 1 "dog")',
    ]);
    const named = await write(kit, "SELECT 0::BIGINT AS n", { n: label("one") });
    expect((await kit.plan(named, append)).notices).toEqual([
      'the numbers of n have no names in p/d/raw/text: those of this upload (0 "one") are not kept',
    ]);
  }));

test("names of labels that cannot be kept are told", () =>
  withKit(async (kit) => {
    const names = Array.from({ length: 20 }, (_, at) => `n${at}`);
    const path = await write(kit, "SELECT {'c': [0::BIGINT]} AS objects, 1::INTEGER AS small", {
      objects: { c: list(label(...names)) },
      small: label("a", "b"),
    });
    expect((await kit.plan(path)).notices).toEqual([
      expect.stringMatching(
        /^the names of the labels in objects \(0 "n0", .*"n7", \.\.\. of 20\) are not kept: it is stored as JSON/,
      ),
      expect.stringMatching(/^the names of the labels in small .* are not kept: only 64-bit integers/),
    ]);
  }));

test("an append keeps the unit of durations, or is refused; on one side alone the unit is told", () =>
  withKit(async (kit) => {
    const duration = async (type: DataType) => {
      const path = join(kit.folder, `${Bun.hash(String(type))}.arrow`);
      const data = makeData({ type: type as DurationSecond, length: 1, data: new BigInt64Array([1n]) });
      await Bun.write(path, tableToIPC(new Table({ t: new Vector([data]) }), "file"));
      return path;
    };
    const [seconds, millis] = [
      await duration(new DurationSecond()),
      await duration(new DurationMillisecond()),
    ];
    const plain = await duration(new Int64());
    const { manifest } = await kit.stage(seconds);
    expect(manifest.features.t).toEqual({ dtype: "int64", id: "duration[s]", _type: "Value" });
    expect((await kit.plan(seconds, append)).notices).not.toContainEqual(expect.stringContaining("plain"));
    await expect(kit.plan(millis, append)).rejects.toMatchObject({
      code: "type_mismatch",
      message: expect.stringMatching(
        /"t" are durations in milliseconds here but durations in seconds in p\/d/,
      ),
    });
    expect((await kit.plan(plain, append)).notices).toContain(
      "the numbers of t are plain here and become durations in seconds of p/d/raw/text",
    );
    await kit.stage(plain, { dataset: "plain" });
    expect((await kit.plan(millis, { ...append, dataset: "plain" })).notices).toContain(
      "the numbers of t are plain in p/plain/raw/text: that those of this upload are durations in milliseconds is not kept",
    );
  }));
