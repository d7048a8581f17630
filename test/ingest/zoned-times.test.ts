import { expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  Field,
  List,
  makeData,
  Struct,
  Table,
  TimestampMicrosecond,
  TimestampNanosecond,
  tableToIPC,
  Vector,
  vectorFromArray,
} from "apache-arrow";
import { writeStreamAsParquet } from "../../src/ingest/arrow/to-parquet.ts";
import { withKit } from "./kit.ts";

const SEOUL = "Asia/Seoul";
const whole = 1_714_555_800_123_456_000n;
const fine = whole + 789n;
const zoned = () => new TimestampNanosecond(SEOUL);

function times(values: bigint[], nullBitmap?: number) {
  const data = BigInt64Array.from(values);
  const nulls = nullBitmap === undefined ? {} : { nullCount: 1, nullBitmap: Uint8Array.of(nullBitmap) };
  return makeData({ type: zoned(), length: values.length, data, ...nulls });
}

/** Lists of one time, none, and one. */
const lists = makeData({
  type: new List(new Field("item", zoned(), true)),
  length: 3,
  valueOffsets: Int32Array.of(0, 1, 1, 2),
  child: times([fine, -1n]),
});
const table = new Table({
  n: vectorFromArray([1, 2, 3]),
  whole: new Vector([times([whole, 5n, 0n], 0b101)]),
  fine: new Vector([times([fine, 5n, -1n], 0b101)]),
  list: new Vector([lists]),
  struct: new Vector([
    makeData({ type: new Struct([new Field("at", lists.type, true)]), length: 3, children: [lists] }),
  ]),
});
const WHOLE = ["2024-05-01 09:30:00.123456", null, "1970-01-01 00:00:00"];
const FINE = ["2024-05-01 09:30:00.123456789", null, "1969-12-31 23:59:59.999999999"];

test("times in nanoseconds with a zone keep every digit, of Arrow and of Parquet", async () => {
  await withKit(async (kit) => {
    const stream = tableToIPC(table, "stream");
    const arrow = join(kit.folder, "times.arrow");
    await writeFile(arrow, stream);
    const parquet = join(kit.folder, "times.parquet");
    await writeStreamAsParquet([stream], parquet, parquet);
    for (const [dataset, path] of [
      ["a", arrow],
      ["b", parquet],
    ] as const) {
      const { rows, plan } = await kit.stage(path, { dataset });
      expect([path, rows.map((row) => row.whole)]).toEqual([path, WHOLE]);
      expect(rows.map((row) => row.fine)).toEqual(FINE);
      expect(rows.map((row) => row.list)).toEqual([[FINE[0]], [], [FINE[2]]]);
      expect(rows.map((row) => row.struct)).toEqual([
        `{"at":["${FINE[0]}"]}`,
        '{"at":[]}',
        `{"at":["${FINE[2]}"]}`,
      ]);
      expect(rows.map((row) => row.n)).toEqual([1, 2, 3]);
      expect(plan.notices.filter((notice) => notice.includes("finer than microseconds"))).toHaveLength(2);
    }
  });
});

test("files of one upload meet in times of microseconds and of nanoseconds", async () => {
  await withKit(async (kit) => {
    const coarse = new Table({
      at: new Vector([
        makeData({ type: new TimestampMicrosecond("UTC"), length: 2, data: BigInt64Array.of(5n, 7n) }),
      ]),
    });
    const precise = new Table({ at: new Vector([times([fine])]) });
    for (const [at, one] of [precise, coarse].entries()) {
      const path = join(kit.folder, "shards", `${at}.parquet`);
      await Bun.write(path, "");
      await writeStreamAsParquet([tableToIPC(one, "stream")], path, path);
    }
    const staged = await kit.stage(join(kit.folder, "shards")).catch((error) => error.code as string);
    const values = typeof staged === "string" ? staged : staged.rows.map((row) => row.at);
    expect(values).toEqual([FINE[0], "1970-01-01 00:00:00.000005", "1970-01-01 00:00:00.000007"]);
  });
});

test("an infinite time with a zone is one still", async () => {
  await withKit(async (kit) => {
    const path = join(kit.folder, "infinite.parquet");
    const time = "TIMESTAMPTZ 'infinity'";
    await kit.session.database.run(
      `COPY (SELECT ${time} AS at, {'t': ${time}} AS s) TO '${path}' (FORMAT parquet)`,
    );
    expect((await kit.stage(path)).rows).toMatchObject([{ at: "infinity", s: '{"t":"infinity"}' }]);
  });
});
