import { expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type Data,
  type DataType,
  Decimal,
  Field,
  List,
  makeData,
  Struct,
  Table,
  TimeMicrosecond,
  TimeMillisecond,
  TimeNanosecond,
  TimeSecond,
  tableToIPC,
  Vector,
} from "apache-arrow";
import { writeStreamAsParquet } from "../../src/ingest/arrow/to-parquet.ts";
import { readFailure } from "../../src/ingest/read-failure.ts";
import { type IngestKit, withKit } from "./kit.ts";

/** Unscaled values, 16 bytes each, whatever their digits. */
function decimals(digits: number, scale: number, ...values: bigint[]): Data {
  const words = values.flatMap((value) =>
    [0n, 32n, 64n, 96n].map((bits) => Number(BigInt.asUintN(32, value >> bits))),
  );
  const type = new Decimal(scale, digits, 128);
  return makeData({ type, length: values.length, data: Uint32Array.from(words) });
}

function listOf(child: Data): Data {
  const type = new List(new Field("item", child.type, true));
  return makeData({ type, length: 1, valueOffsets: Int32Array.of(0, child.length), child });
}

function structOf(child: Data): Data {
  const type = new Struct([new Field("a b", child.type, true)]);
  return makeData({ type, length: child.length, children: [child] });
}

const seconds = (...values: number[]) =>
  makeData({ type: new TimeSecond(), length: values.length, data: Int32Array.from(values) });
const milliseconds = (...values: number[]) =>
  makeData({ type: new TimeMillisecond(), length: values.length, data: Int32Array.from(values) });
const longTimes = (type: TimeMicrosecond | TimeNanosecond, ...values: bigint[]) =>
  makeData({ type, length: values.length, data: BigInt64Array.from(values) } as never) as Data<DataType>;

async function write(kit: IngestKit, data: Data, format: "arrow" | "parquet"): Promise<string> {
  const path = join(kit.folder, `v.${format}`);
  const stream = tableToIPC(new Table({ v: new Vector([data]) }), "stream");
  if (format === "arrow") await writeFile(path, stream);
  else await writeStreamAsParquet([stream], path, path);
  return path;
}

test("a value that its type cannot have is refused in our words, before anything is staged", async () => {
  const micro = longTimes(new TimeMicrosecond(), 86_400_000_001n);
  const nano = longTimes(new TimeNanosecond(), -1n);
  // the Parquet writer would keep 32 bits of the first: 5
  const ofArrow = [decimals(9, 0, 2n ** 32n + 5n), decimals(4, 2, 1_234_567n), seconds(90_000), seconds(-5)];
  const ofBoth = [
    ...[decimals(4, 2, 12_345n), decimals(38, 0, -(10n ** 38n)), decimals(38, 38, 10n ** 38n)],
    ...[listOf(decimals(4, 2, 1n, 12_345n)), structOf(decimals(4, 2, -12_345n))],
    ...[milliseconds(-5), micro, nano, listOf(milliseconds(90_000_000)), structOf(listOf(micro))],
  ];
  for (const [format, all] of [
    ["arrow", [...ofArrow, ...ofBoth]],
    ["parquet", ofBoth],
  ] as const) {
    for (const data of all) {
      // each with an engine of its own: one that failed over the statistics of a file reads no other
      await withKit(async (kit) => {
        const path = await write(kit, data, format);
        const failure = await kit.plan(path).catch((error) => readFailure(error, path));
        expect(failure).toMatchObject({
          code: "invalid_input",
          message: expect.stringMatching(
            /v\.(arrow|parquet) has a (number|decimal|time of day) .* or write the column as text$/,
          ),
        });
      });
    }
  }
});

test("the last values of decimals and of times come back", async () => {
  const ninety = 10n ** 38n - 1n;
  const kept: [Data, unknown][] = [
    [decimals(4, 2, 9_999n, -9_999n), [99.99, -99.99]],
    [decimals(38, 0, ninety, -ninety), [Number(ninety), -Number(ninety)]],
    [structOf(decimals(9, 0, 999_999_999n)), ['{"a b":999999999.0}']],
    [seconds(0, 86_399, 86_400), ["00:00:00", "23:59:59", "24:00:00"]],
    [longTimes(new TimeMicrosecond(), 86_400_000_000n), ["24:00:00"]],
  ];
  await withKit(async (kit) => {
    for (const [at, [data, values]] of kept.entries()) {
      const { rows } = await kit.stage(await write(kit, data, "arrow"), { dataset: `d${at}` });
      expect(rows.map(({ v }) => v)).toEqual(values as never);
    }
  });
});
