import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hash, type Staged, sha256, typesOf, withKit } from "../ingest/kit.ts";
import { runPython } from "./python.ts";

const KOREAN = ["가맹점 영수증", null, "계약서"];
const LABELS = ['{"b":1,"a":"가","boxes":[[1,2],[3,4]]}', '{"b":2,"a":null,"boxes":[]}', null];
/** The first and the last row have images, the second has none, which is no fault. */
const ALL_TAKEN = [null, null, null];

/** Python takes its time to load, more so on a busy machine. */
const PYTHON_MS = 300_000;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "datalake-inputs-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Staged with these columns' values; every staged file has the content its name says. */
function column(staged: Staged, name: string): unknown[] {
  return staged.rows.map((row) => row[name] ?? null);
}

describe("pandas, polars and pyarrow", () => {
  let made: string;
  beforeAll(async () => {
    made = join(folder, "plain");
    await runPython("tools", "make_inputs.py", "plain", made);
  }, PYTHON_MS);

  const ARROW_TABLES = [
    "pyarrow.parquet",
    "pyarrow-v2.parquet",
    "pyarrow.feather",
    ...["stream", "file"].flatMap((kind) =>
      ["plain", "lz4", "zstd"].map((codec) => `pyarrow-${kind}-${codec}.arrow`),
    ),
  ];
  for (const file of ARROW_TABLES) {
    test(`every type of ${file} is stored as a plain one`, async () => {
      await withKit(async ({ stage }) => {
        const staged = await stage(join(made, file));
        expect(typesOf(staged.manifest)).toEqual({
          text: "VARCHAR",
          large: "VARCHAR",
          kind: "VARCHAR",
          at: "TIMESTAMP",
          at_ns: "TIMESTAMP",
          day: "DATE",
          day64: "DATE",
          boxes: "BIGINT[][]",
          words: "VARCHAR[]",
          fixed: "FLOAT[]",
          label: "VARCHAR",
          objects: "VARCHAR",
          small: "INTEGER",
          huge: "UBIGINT",
          id64: "UBIGINT",
          price: "DECIMAL(10,2)",
          flag: "BOOLEAN",
          nothing: "VARCHAR",
        });
        expect(column(staged, "text")).toEqual(KOREAN);
        expect(column(staged, "large")).toEqual(KOREAN);
        expect(column(staged, "kind")).toEqual(["x", "y", "x"]);
        expect(column(staged, "at")).toEqual(["2024-05-01 00:30:00", null, "2024-05-01 15:00:00"]);
        expect(column(staged, "at_ns")[0]).toBe("2024-05-01 00:30:00");
        expect(column(staged, "day64")[0]).toBe("2024-05-01");
        expect(column(staged, "boxes")).toEqual([
          [
            [1, 2],
            [3, 4],
          ],
          null,
          [],
        ]);
        expect(column(staged, "words")).toEqual([["가", "나"], null, []]);
        expect(column(staged, "fixed")).toEqual([[1.5, 2.5], null, [3.5, 4.5]]);
        expect(column(staged, "label")).toEqual(LABELS);
        expect(column(staged, "objects")).toEqual(['[{"score":0.5}]', null, "[]"]);
        expect(column(staged, "huge")).toEqual([1, 2 ** 64, null]); // as JSON.parse rounds 2 ** 64 - 1
        expect(column(staged, "price")).toEqual([1.25, null, 3]);
        expect(column(staged, "nothing")).toEqual([null, null, null]);
        expect(column(staged, "source_name")).toEqual(["a.png", null, "b.png"]);
        expect(column(staged, "__reject")).toEqual(ALL_TAKEN);
        expect(staged.files.map((path) => path.slice(3))).toEqual(
          (column(staged, "source_hash").filter(Boolean) as string[]).sort(),
        );
        expect(staged.manifest).toMatchObject({ variant: "image", content: "image", rows: 3, contents: 2 });
      });
    });
  }

  for (const codec of ["none", "gzip", "brotli", "lz4", "snappy", "zstd", "delta"]) {
    test(`images come out of a Parquet with ${codec}`, async () => {
      await withKit(async ({ stage, lake }) => {
        const name = codec === "delta" ? "encoding-delta" : `codec-${codec}`;
        const staged = await stage(join(made, `${name}.parquet`));
        expect(column(staged, "__reject")).toEqual(ALL_TAKEN);
        const files = join(lake.layout.pending, staged.manifest.upload_id, "files");
        for (const path of staged.files) expect(await sha256(join(files, path))).toBe(path.slice(3));
        expect(staged.files).toHaveLength(2);
      });
    });
  }

  test("pandas", async () => {
    await withKit(async ({ stage }) => {
      const staged = await stage(join(made, "pandas.parquet"));
      expect(typesOf(staged.manifest)).toMatchObject({ kind: "VARCHAR", at: "TIMESTAMP", count: "DOUBLE" });
      expect(column(staged, "at")).toEqual(["2024-05-01 00:30:00", null, "2024-05-01 15:00:00"]);
      expect(column(staged, "label")).toEqual(LABELS);
      expect(column(staged, "__reject")).toEqual(ALL_TAKEN);
    });
  });

  test(
    "3,000 images on pages of 1,024, each with its row",
    async () => {
      await withKit(async ({ stage, lake }) => {
        const staged = await stage(join(made, "pandas-3000.parquet"));
        expect(column(staged, "n")).toEqual(Array.from({ length: 3000 }, (_, n) => n));
        expect(column(staged, "source_row")).toEqual(Array.from({ length: 3000 }, (_, n) => n));
        expect(staged.manifest.contents).toBe(new Set(column(staged, "source_hash")).size);
        const files = join(lake.layout.pending, staged.manifest.upload_id, "files");
        for (const n of [0, 1023, 1024, 2999]) {
          const name = String(staged.rows[n]?.source_hash);
          const bytes = await Bun.file(join(files, name.slice(0, 2), name)).bytes();
          expect(hash(bytes)).toBe(name);
          expect(bytes.at(-1)).toBe(n % 251);
        }
      });
    },
    PYTHON_MS,
  );

  for (const file of [
    "polars.parquet",
    "polars-uncompressed.arrow",
    "polars-lz4.arrow",
    "polars-zstd.arrow",
  ]) {
    test(file, async () => {
      await withKit(async ({ stage }) => {
        const staged = await stage(join(made, file));
        expect(column(staged, "text")).toEqual(KOREAN);
        expect(column(staged, "at")).toEqual(["2024-05-01 00:30:00", null, "2024-05-01 15:00:00"]);
        expect(column(staged, "words")).toEqual([["가", "나"], null, []]);
        expect(column(staged, "objects")).toEqual(['[{"score":0.5}]', null, "[]"]);
        expect(column(staged, "kind")).toEqual(["x", "y", "x"]);
        expect(column(staged, "__reject")).toEqual(ALL_TAKEN);
        expect(staged.files).toHaveLength(2);
      });
    });
  }

  test("lists of images come as they were, however they are written", async () => {
    const one = new Map<number, string>();
    await withKit(async ({ stage }) => {
      const listed = (await readdir(made)).filter((name) => name.startsWith("lists-")).sort();
      expect(listed).toHaveLength(4 * 8);
      for (const name of listed) {
        const staged = await stage(join(made, name), { dataset: name.replaceAll(/[^a-z0-9]/g, "-") });
        const hashes = column(staged, "images_source_hash") as ((string | null)[] | null)[];
        if (name.startsWith("lists-fixed")) {
          expect(hashes).toEqual([[one.get(1), one.get(1)], null, [one.get(2), one.get(2)]] as never);
          continue;
        }
        if (one.size === 0)
          for (const [row, at, n] of [
            [0, 0, 1],
            [0, 1, 2],
            [3, 0, 3],
          ] as const)
            one.set(n, String(hashes[row]?.[at]));
        const hash = (n: number) => one.get(n) as string;
        expect([name, hashes]).toEqual([
          name,
          [[hash(1), hash(2)], null, [], [hash(3), null, hash(1)], [null], [hash(2)]],
        ]);
        expect(new Set(one.values()).size).toBe(3);
        expect(staged.files).toHaveLength(3);
        if (name.startsWith("lists-bytes")) continue;
        expect(column(staged, "images_source_name")[3]).toEqual(["3.png", null, "1.png"]);
      }
    });
  }, 120_000);

  test("an empty table is refused", async () => {
    await withKit(async ({ stage }) => {
      await expect(stage(join(made, "empty.parquet"))).rejects.toMatchObject({ code: "empty_input" });
    });
  });

  test("an image folder keeps Korean names, composed, and its sub-folders", async () => {
    await withKit(async ({ stage }) => {
      const staged = await stage(join(made, "images-plain"));
      expect(new Set(column(staged, "source_name"))).toEqual(
        new Set(["계약서.png", "영수증 1.png", "하위/쪽.png"].map((name) => name.normalize("NFC"))),
      );
      expect(column(staged, "__reject")).toEqual([null, null, null]);
      expect(staged.files).toHaveLength(3);
    });
  });

  for (const kind of ["jsonl", "csv", "parquet"]) {
    test(`metadata.${kind} names each image, in whatever form of Unicode`, async () => {
      await withKit(async ({ stage }) => {
        const staged = await stage(join(made, `images-${kind}`));
        expect(column(staged, "text")).toEqual(KOREAN);
        expect(column(staged, "source_name")).toEqual(["영수증 1.png", "계약서.png", "하위/쪽.png"]);
        expect(column(staged, "__reject")).toEqual([null, null, null]);
        expect(Object.keys(typesOf(staged.manifest))).toEqual(["text"]);
      });
    });
  }

  for (const file of ["labels.jsonl", "labels.csv"]) {
    test(`nested labels of ${file} stay as they came`, async () => {
      await withKit(async ({ stage }) => {
        await stage(join(made, "images-plain"));
        const labels = { type: "task", task: "ocr", variant: "base", meta: { lang: "ko" } } as const;
        const staged = await stage(join(made, file), labels);
        const read = column(staged, "label")
          .slice(0, 2)
          .map((text) => JSON.stringify(JSON.parse(String(text))));
        expect(read).toEqual(LABELS.slice(0, 2) as string[]);
        expect(column(staged, "lang").every((value) => value === "ko")).toBe(true);
        expect(staged.manifest).toMatchObject({ reference: "source_name", content: null });
        if (file.endsWith("csv")) {
          expect(typesOf(staged.manifest)).toMatchObject({ zip: "VARCHAR", score: "DOUBLE" });
          expect(column(staged, "zip")).toEqual(["00123", "04524"]);
        }
      });
    });
  }
});

for (const version of ["2.14", "3.6", "newest"]) {
  describe(`datasets ${version}`, () => {
    let made: string;
    beforeAll(async () => {
      made = join(folder, version);
      await runPython(`datasets-${version}`, "make_inputs.py", "datasets", made);
    }, PYTHON_MS);

    const OBJECTS = [
      '[{"text":"가","score":0.1}]',
      "[]",
      '[{"text":"나","score":0.5},{"text":"다","score":1.0}]',
    ];
    const META = ['{"b":1,"a":"가"}', '{"b":2,"a":null}', '{"b":3,"a":"나"}'];
    const FEATURES = {
      id: { dtype: "int32", _type: "Value" },
      category: { names: ["영수증", "계약서"], _type: "ClassLabel" },
      words: { feature: { dtype: "string", _type: "Value" }, _type: "Sequence" },
    };

    for (const input of ["lists", "lists.parquet"]) {
      test(`${input}: lists of images`, async () => {
        await withKit(async ({ stage }) => {
          const staged = await stage(join(made, input));
          const [before, after] = ["before", "after"].map((name) => column(staged, `${name}_source_hash`));
          expect(before?.[0]).toEqual([]);
          expect(before?.slice(1)).toEqual(after?.slice(0, 5) as unknown[]);
          expect(new Set((after as string[][]).flat()).size).toBe(6);
        });
      });
    }

    for (const input of ["dataset.parquet", "saved", "old"]) {
      test(`${input}: lists, structs, class labels, null and path-only images`, async () => {
        await withKit(async ({ stage }) => {
          const staged = await stage(join(made, input));
          expect(typesOf(staged.manifest)).toEqual({
            id: "INTEGER",
            category: "BIGINT",
            words: "VARCHAR[]",
            boxes: "BIGINT[][]",
            objects: "VARCHAR",
            meta: "VARCHAR",
          });
          expect(column(staged, "id")).toEqual([1, 2, 3]);
          expect(column(staged, "words")).toEqual([["가", "나"], [], ["다"]]);
          expect(column(staged, "boxes")).toEqual([
            [
              [1, 2],
              [3, 4],
            ],
            [],
            [[5, 6]],
          ]);
          expect(column(staged, "objects")).toEqual(OBJECTS);
          expect(column(staged, "meta")).toEqual(META);
          expect(column(staged, "__reject")).toEqual(ALL_TAKEN);
          expect(column(staged, "source_name")).toEqual(["a.png", null, "local.png"]);
          expect(column(staged, "source_hash")[2]).toBe(await sha256(join(made, "local.png")));
          expect(staged.manifest.features).toMatchObject(FEATURES);
        });
      });
    }

    test("a DatasetDict keeps its splits apart", async () => {
      await withKit(async ({ stage }) => {
        const staged = await stage(join(made, "dict"));
        expect(column(staged, "split")).toEqual(["train", "train", "test"]);
        expect(column(staged, "id")).toEqual([1, 3, 2]);
        expect(staged.manifest.features).toMatchObject(FEATURES);
      });
    });

    test("an empty dataset is refused", async () => {
      await withKit(async ({ stage }) => {
        await expect(stage(join(made, "empty"))).rejects.toMatchObject({ code: "empty_input" });
      });
    });

    test("the cache folder of load_dataset", async () => {
      await withKit(async ({ stage }) => {
        const staged = await stage(join(made, "cache"));
        expect(column(staged, "text")).toEqual(["가", "나"]);
        expect(staged.manifest.variant).toBe("text");
      });
    });
  });
}
