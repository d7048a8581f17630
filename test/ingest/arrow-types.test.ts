import { expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type DataType,
  Decimal,
  Dictionary,
  DurationMillisecond,
  DurationSecond,
  Field,
  FixedSizeBinary,
  Int32,
  Int64,
  IntervalMonthDayNano,
  List,
  Map_,
  Message,
  makeData,
  Null,
  Schema,
  Struct,
  Table,
  TimestampSecond,
  tableToIPC,
  Utf8,
  Vector,
  vectorFromArray,
} from "apache-arrow";
import type { AppError } from "../../src/errors.ts";
import { frameMessage } from "../../src/ingest/arrow/messages.ts";
import { writeStreamAsParquet } from "../../src/ingest/arrow/to-parquet.ts";
import { readFailure } from "../../src/ingest/read-failure.ts";
import { arrowOf } from "../tables/write.ts";
import { typesOf, withKit } from "./kit.ts";

/** A stream of one batch of categories, with a dictionary of its own. */
function streamOf(values: string[]): Buffer {
  const type = new Dictionary(new Utf8(), new Int32(), 1);
  return Buffer.from(tableToIPC(new Table({ v: vectorFromArray(values, type) }), "stream"));
}

/** Without its schema, which is the first message and has no body. */
function batchesOf(stream: Buffer): Buffer {
  return stream.subarray(8 + stream.readInt32LE(4));
}

test("a stream that replaces a dictionary gives each batch the values of its own", async () => {
  const first = streamOf(["a", "b", "a"]);
  const endBytes = 8;
  const parts = [first.subarray(0, -endBytes), batchesOf(streamOf(["c", "d", "c"]))];
  await withKit(async (kit) => {
    const path = join(kit.folder, "replaced.arrow");
    await writeFile(path, Buffer.concat(parts));
    const { rows } = await kit.stage(path);
    expect(rows.map(({ v }) => v)).toEqual(["a", "b", "a", "c", "d", "c"]);
  });
});

test("seconds are times behind a dictionary, too", async () => {
  const type = new Dictionary(new TimestampSecond(), new Int32(), 1);
  const at = 1_714_555_800_000;
  await withKit(async (kit) => {
    const path = join(kit.folder, "times.arrow");
    await writeFile(path, tableToIPC(new Table({ v: vectorFromArray([at, null, at], type) }), "stream"));
    const time = "2024-05-01 09:30:00";
    expect((await kit.stage(path)).rows.map(({ v }) => v)).toEqual([time, null, time]);
  });
});

test("seconds are times as keys of a map, too", async () => {
  const type = new Map_(
    new Field(
      "entries",
      new Struct<{ key: TimestampSecond; value: Int32 }>([
        new Field("key", new TimestampSecond(), false),
        new Field("value", new Int32(), true),
      ]),
    ),
  );
  const at = 1_714_555_800_000;
  const table = new Table({ v: vectorFromArray([new Map([[at, 1]])], type) });
  await withKit(async (kit) => {
    const path = join(kit.folder, "keys.arrow");
    await writeFile(path, tableToIPC(table, "stream"));
    expect((await kit.stage(path)).rows.map(({ v }) => v)).toEqual(['{"2024-05-01 09:30:00":1}']);
  });
});

test("a type that nothing here holds is refused by what it is, and by its column", async () => {
  const listed = new Dictionary(new List(new Field("item", new Int32())), new Int32(), 1);
  const types: [DataType, RegExp][] = [
    [new Decimal(-2, 5, 128), /"v" holds decimals of a negative scale/],
    [new IntervalMonthDayNano(), /"v" holds intervals of the calendar/],
    [new FixedSizeBinary(0), /"v" holds binary values of no bytes/],
    [new Struct([]), /"v" holds objects without fields/],
    [new Struct([new Field("a\0b", new Int32())]), /"v" holds a field whose name has a NUL/],
    [new Dictionary(new Decimal(1, 50, 256), new Int32(), 1), /"v" holds decimals of 50 digits/],
    [listed, /"v" holds a dictionary of lists or objects/],
  ];
  await withKit(async (kit) => {
    for (const [type, message] of types) {
      const path = join(kit.folder, "refused.arrow");
      const schema = new Schema([new Field("v", type, true)]);
      await writeFile(path, Buffer.concat(frameMessage(Message.encode(Message.from(schema)), [])));
      const refused = kit.stage(path);
      await expect(refused).rejects.toMatchObject({
        code: "unsupported_format",
        message: expect.stringMatching(message),
      });
    }
  });
});

test("durations are whole numbers, whose unit is told", async () => {
  const data = makeData({ type: new DurationMillisecond(), length: 2, data: BigInt64Array.of(90_061n, -1n) });
  const table = new Table({ v: new Vector([data]) });
  const told = ["the durations of v are kept as whole numbers of milliseconds"];
  await withKit(async (kit) => {
    const stream = tableToIPC(table, "stream");
    const path = join(kit.folder, "durations.arrow");
    await writeFile(path, stream);
    const { rows, plan } = await kit.stage(path);
    expect([rows.map(({ v }) => v), plan.notices]).toEqual([[90_061, -1], told]);
    const parquet = join(kit.folder, "durations.parquet");
    await writeStreamAsParquet([stream], parquet, parquet);
    expect((await kit.plan(parquet, { dataset: "parquet" })).notices).toEqual(told);
    const other = makeData({ type: new DurationSecond(), length: 1, data: BigInt64Array.of(5n) });
    const seconds = join(kit.folder, "seconds.parquet");
    await writeStreamAsParquet(
      [tableToIPC(new Table({ v: new Vector([other]) }), "stream")],
      seconds,
      seconds,
    );
    await expect(kit.plan([parquet, seconds], { dataset: "both" })).rejects.toMatchObject({
      code: "type_mismatch",
      details: { column: "v", files: [parquet, seconds] },
    });
  });
});

test("a column that has no type in the first file has the values of the others", async () => {
  await withKit(async (kit) => {
    const write = (name: string, n: Vector) =>
      writeFile(
        join(kit.folder, "in", name),
        tableToIPC(new Table({ id: vectorFromArray(["x"]), n }), "file"),
      );
    await mkdir(join(kit.folder, "in"));
    await write("0.arrow", vectorFromArray([null], new Null()));
    await write("1.arrow", vectorFromArray([7n], new Int64()));
    const { manifest, rows } = await kit.stage(join(kit.folder, "in"));
    expect(typesOf(manifest)).toMatchObject({ n: "BIGINT" });
    expect(rows.map(({ n }) => n)).toEqual([null, 7]);
  });
});

test("durations beside plain numbers in another file are refused, both files named", async () => {
  await withKit(async (kit) => {
    await mkdir(join(kit.folder, "mixed"));
    const data = { length: 1, data: new BigInt64Array([1n]) };
    const vectors = [
      new Vector([makeData({ type: new Int64(), ...data })]),
      new Vector([makeData({ type: new DurationSecond(), ...data })]),
    ];
    for (const [at, v] of vectors.entries()) {
      await writeFile(join(kit.folder, "mixed", `${at}.arrow`), tableToIPC(new Table({ v }), "file"));
    }
    await expect(kit.plan(join(kit.folder, "mixed"))).rejects.toMatchObject({
      code: "type_mismatch",
      message: expect.stringMatching(/plain numbers in .*0\.arrow but durations in seconds in .*1\.arrow/),
    });
  });
});

test("a day that cannot meet the times of another file is told by the input, not by a file in scratch", async () => {
  await withKit(async (kit) => {
    const folder = join(kit.folder, "days");
    await mkdir(folder);
    for (const [at, value] of ["DATE '5881580-07-10'", "TIMESTAMP '2024-05-01 09:30:00'"].entries()) {
      const parquet = join(kit.folder, `${at}.parquet`);
      await kit.session.database.run(`COPY (SELECT ${value} AS v) TO '${parquet}' (FORMAT parquet)`);
      await arrowOf(parquet, join(folder, `${at}.arrow`));
    }
    const failure = await kit.plan(folder).catch((error) => readFailure(error, folder));
    const { code, message } = failure as AppError;
    expect([code, message]).toEqual(["invalid_input", expect.stringMatching(/days .*outside of the years/)]);
    expect(message).not.toContain("scratch");
  });
});
