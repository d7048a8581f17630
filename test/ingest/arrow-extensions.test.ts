import { expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type DataType,
  Dictionary,
  Field,
  FixedSizeBinary,
  FixedSizeList,
  Float32,
  Int8,
  Int32,
  Int64,
  List,
  Schema,
  Struct,
  Table,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import { extensionNotices } from "../../src/ingest/arrow/extensions.ts";
import { writeStreamAsParquet } from "../../src/ingest/arrow/to-parquet.ts";
import { withKit } from "./kit.ts";

function extended(name: string, type: DataType, extension: string, parameters = ""): Field {
  const metadata = { "ARROW:extension:name": extension, "ARROW:extension:metadata": parameters };
  return new Field(name, type, true, new Map(Object.entries(metadata)));
}

const period = extended("at", new Int64(), "pandas.period", '{"freq": "M"}');
const columns: [field: Field, value: unknown][] = [
  [
    extended(
      "tensor",
      new FixedSizeList(2, new Field("item", new Float32(), true)),
      "arrow.fixed_shape_tensor",
      '{"shape":[1,2]}',
    ),
    [1, 2],
  ],
  [extended("truth", new Int8(), "arrow.bool8"), 1],
  [extended("kind", new Dictionary(new Utf8(), new Int32(), 1), "arrow.opaque"), "a"],
  [new Field("periods", new List(period), true), [1n]],
  [
    new Field("object", new Struct([period, extended("note", new Utf8(), "arrow.json")]), true),
    { at: 1n, note: "{}" },
  ],
  [new Field("plain", new Int32(), true), 1],
];
const told = [
  "the values of tensor come back as FLOAT[]: of their extension type arrow.fixed_shape_tensor nothing is kept",
  "the values of truth come back as INTEGER: of their extension type arrow.bool8 nothing is kept",
  "the values of kind come back as VARCHAR: of their extension type arrow.opaque nothing is kept",
  "the values of periods come back as BIGINT[]: of their extension type pandas.period nothing is kept",
  "the values of object come back as JSON text: of their extension type pandas.period, arrow.json nothing is kept",
];

function tableOf(): Table {
  const vectors = Object.fromEntries(
    columns.map(([{ name, type }, value]) => [name, vectorFromArray([value], type)]),
  );
  const plain = new Table(vectors);
  const schema = new Schema(columns.map(([field]) => field));
  return new Table(schema, plain.batches);
}

test("extension types of Arrow, nested ones too, are told to be lost in every format, once for each column", async () => {
  const table = tableOf();
  await withKit(async (kit) => {
    for (const format of ["stream", "file"] as const) {
      const path = join(kit.folder, `${format}.arrow`);
      await writeFile(path, tableToIPC(table, format));
      expect((await kit.plan(path)).notices).toEqual(told);
    }
    const parquet = join(kit.folder, "v.parquet");
    await writeStreamAsParquet([tableToIPC(table, "stream")], parquet, parquet);
    expect((await kit.plan(parquet)).notices).toEqual(told);
    expect((await kit.plan([parquet, await copyOf(parquet)])).notices).toEqual(told);
  });
});

async function copyOf(path: string): Promise<string> {
  const copy = path.replace("v.parquet", "w.parquet");
  await Bun.write(copy, Bun.file(path));
  return copy;
}

test("a UUID that is read as one is no loss, and one that is read as bytes is", () => {
  const fields = [extended("id", new FixedSizeBinary(16), "arrow.uuid")];
  expect(extensionNotices(fields, [{ name: "id", type: "UUID" }])).toEqual([]);
  expect(extensionNotices(fields, [{ name: "id", type: "BLOB" }])).toEqual([
    "the values of id come back as BLOB: of their extension type arrow.uuid nothing is kept",
  ]);
});

/** A number of `my.ext`, a list view of `my.views` with texts of `in.views` and a duration, as pyarrow writes them. */
const LIST_VIEWS =
  "UEFSMRUAFRwVLiwVAhUAFQYVBhwAAAAotS/9IA5xAAACAAAAAgEBAAAAAAAAABUAFSIVNCwVAhUAFQYVBhwAAAAotS/9IBGJAAACAAAAAgACAAAAAgMBAAAAYRUAFRwVLiwVAhUAFQYVBhwAAAAotS/9IA5xAAACAAAAAgEFAAAAAAAAABUEGWw1ABgGc2NoZW1hFQYAFQQlAhgBdgA1AhgBcxUCFQZMPAAAADUEGARsaXN0FQIAFQwlAhgHZWxlbWVudCUATBwAAAAVBCUCGAFkABYCGRwZPCYAHBUEGSUGABkYAXYVDBYCFkIWVCYISRwVABUAFQIAPCkGGSYAAgAAACYAHBUMGSUGABk4AXMEbGlzdAdlbGVtZW50FQwWAhZIFlomXEkcFQAVABUCADwWAhkmAgAZRgAAAAIAAAAmABwVBBklBgAZGAFkFQwWAhZCFlQmtgFJHBUAFQAVAgA8KQYZJgACAAAAFswBFgImCBaCAgAZHBgMQVJST1c6c2NoZW1hGIwFLy8vLy8rQUJBQUFRQUFBQUFBQUtBQXdBQmdBRkFBZ0FDZ0FBQUFBQkJBQU1BQUFBQ0FBSUFBQUFCQUFJQUFBQUJBQUFBQU1BQUFBMEFRQUFQQUFBQUJRQUFBQVFBQlFBQ0FBR0FBY0FEQUFBQUJBQUVBQUFBQUFBQVJJUUFBQUFGQUFBQUFRQUFBQUFBQUFBQVFBQUFHUUFBQUNVLy8vL0h2Ly8vd0FBQVJrWUFBQUFZQUFBQUFnQUFBQVVBQUFBQVFBQUFGUUFBQUFCQUFBQWN3QUFBQUVBQUFBRUFBQUFFUC8vL3hnQUFBQUVBQUFBQ0FBQUFHMTVMblpwWlhkekFBQUFBQlFBQUFCQlVsSlBWenBsZUhSbGJuTnBiMjQ2Ym1GdFpRQUFBQUFFQUFRQUJBQUFBSTcvLy84QUFBRUZGQUFBQUdBQUFBQUlBQUFBRkFBQUFBQUFBQUFFQUFBQWFYUmxiUUFBQUFBQkFBQUFCQUFBQUlELy8vOFlBQUFBQkFBQUFBZ0FBQUJwYmk1MmFXVjNjd0FBQUFBVUFBQUFRVkpTVDFjNlpYaDBaVzV6YVc5dU9tNWhiV1VBQUFBQUJBQUdBQVFBQUFBQUFCSUFHQUFJQUFZQUJ3QU1BQUFBRUFBVUFCSUFBQUFBQUFFQ0ZBQUFBR1FBQUFBSUFBQUFFQUFBQUFBQUFBQUJBQUFBZGdBQUFBRUFBQUFNQUFBQUNBQU1BQVFBQ0FBSUFBQUFGQUFBQUFRQUFBQUdBQUFBYlhrdVpYaDBBQUFVQUFBQVFWSlNUMWM2WlhoMFpXNXphVzl1T201aGJXVUFBQUFBQ0FBTUFBZ0FCd0FJQUFBQUFBQUFBVUFBQUFBPQAYIHBhcnF1ZXQtY3BwLWFycm93IHZlcnNpb24gMjYuMC4xGTwcAAAcAAAcAAAAvwMAAFBBUjE=";

test("in Parquet a type that the library does not know does not hide what is told of others", async () => {
  await withKit(async (kit) => {
    const path = join(kit.folder, "views.parquet");
    await writeFile(path, Buffer.from(LIST_VIEWS, "base64"));
    expect((await kit.plan(path)).notices).toEqual([
      "the durations of d are kept as whole numbers of milliseconds",
      "the values of v come back as BIGINT: of their extension type my.ext nothing is kept",
      "the values of s come back as VARCHAR[]: of their extension type my.views, in.views nothing is kept",
    ]);
  });
});
