import { describe, expect, test } from "bun:test";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { METADATA_FILE } from "../../src/lake/layout.ts";
import { editTask } from "../../src/lake/taxonomy-changes.ts";
import { type IngestKit, typesOf, withKit } from "./kit.ts";

async function writeRows(kit: IngestKit, name: string, select: string): Promise<string> {
  const path = join(kit.folder, `${name}.parquet`);
  await kit.session.database.run(`COPY (${select}) TO '${path}' (FORMAT parquet)`);
  return path;
}

const OCR = { type: "task", task: "ocr", variant: "base", meta: { lang: "ko" } } as const;

/** A partition that exists, with these columns. */
async function makePartition(
  kit: IngestKit,
  task: string,
  variant: string,
  columns: { name: string; type: string; nulls: number; open?: true }[],
) {
  const key = { provider: "p", dataset: "d", task, variant };
  const folder = kit.lake.layout.partition(key);
  await mkdir(folder, { recursive: true });
  const counts = { version: 1, base_version: 1, rows: 10, bytes: 1 };
  const metadata = { format: 1, ...key, ...counts, files: [], columns, features: {}, uploads: [] };
  await writeFile(join(folder, METADATA_FILE), JSON.stringify(metadata));
}

describe("refused before anything is staged", () => {
  const cases = [
    ["an unknown provider", { provider: "nobody" }, "not_found"],
    ["a provider name that cannot be one", { provider: "a/b" }, "invalid_name"],
    ["an unknown task", { ...OCR, task: "none" }, "not_found"],
    ["a missing field", { ...OCR, meta: {} }, "usage"],
    ["an unknown field", { ...OCR, meta: { lang: "ko", extra: "1" } }, "usage"],
    ["a value that is not allowed", { ...OCR, meta: { lang: "fr" } }, "usage"],
    ["a task field for raw data", { meta: { lang: "ko" } }, "usage"],
    ["a variant that the columns do not make", { variant: "image" }, "usage"],
  ] as const;
  for (const [name, request, code] of cases) {
    test(name, async () => {
      await withKit(async (kit) => {
        const path = await writeRows(kit, "rows", "SELECT 1 AS n");
        await expect(kit.plan(path, request)).rejects.toMatchObject({ code });
      });
    });
  }

  test("an unknown task is told those there are, without the pages that have a view", async () => {
    await withKit(async (kit) => {
      await editTask(kit.lake, "raw", { view: "text-layer" });
      const plan = kit.plan(await writeRows(kit, "rows", "SELECT 1 AS n"), { ...OCR, task: "rau" });
      await expect(plan).rejects.toThrow("task rau does not exist (there are: ocr); add it");
    });
  });

  test("a column beside the lake's own fact of its name is kept, unless that name is taken too", async () => {
    await withKit(async (kit) => {
      const path = await writeRows(kit, "rows", 'SELECT \'x\' AS hash, 1 AS "N", 7 AS "Width"');
      const { columns, notices } = await kit.plan(path);
      expect(columns.map(({ name }) => name)).toEqual(["label_hash", "n", "label_width"]);
      expect(notices.join("\n")).toContain("the column Width is stored as label_width");
      expect(notices.at(-1)).toEndWith('snake_case: "N" as n');
      const { rows } = await kit.stage(path);
      expect(rows[0]).toMatchObject({ label_hash: "x", n: 1, label_width: 7 });
      await makePartition(kit, "raw", "image", []);
      const task = await kit.plan(path, OCR);
      expect([task.reference?.column, task.columns.map(({ name }) => name).slice(0, 2)]).toEqual([
        "hash",
        ["n", "label_width"],
      ]);
      const other = await writeRows(kit, "other", "SELECT 1 AS width, 2 AS label_width");
      await expect(kit.plan(other, OCR)).rejects.toMatchObject({ code: "invalid_input" });
    });
  });

  test("a column with the name of a task field", async () => {
    await withKit(async (kit) => {
      const path = await writeRows(kit, "rows", "SELECT 'ko' AS lang");
      await expect(kit.plan(path, OCR)).rejects.toMatchObject({ code: "invalid_input" });
    });
  });

  test("facts of an image column that would take the name of another column", async () => {
    await withKit(async (kit) => {
      for (const select of [
        "SELECT 'a'::BLOB AS image, 'b'::BLOB AS image_bytes, 'x' AS image_bytes_hash",
        "SELECT 'a'::BLOB AS image, {'bytes': 'b'::BLOB, 'path': 'x'} AS source",
      ]) {
        const path = await writeRows(kit, "rows", select);
        await expect(kit.plan(path)).rejects.toMatchObject({ code: "invalid_input" });
      }
    });
  });

  test("columns that look like the facts of an image column", async () => {
    await withKit(async (kit) => {
      const facts = ["hash", "path", "width", "height", "format", "bytes", "source_hash"];
      const path = await writeRows(
        kit,
        "rows",
        `SELECT ${facts.map((fact) => `'' AS x_${fact}`).join(", ")}`,
      );
      await expect(kit.plan(path)).rejects.toMatchObject({ code: "invalid_input", details: { column: "x" } });
    });
  });

  test("binary data inside a struct that is no image column", async () => {
    await withKit(async (kit) => {
      const path = await writeRows(kit, "rows", "SELECT {'bytes': 'a'::BLOB, 'name': 'x'} AS photo");
      await expect(kit.plan(path)).rejects.toMatchObject({
        code: "type_mismatch",
        details: { column: "photo" },
      });
    });
  });
});

test("lists of binary data that is no image are refused", async () => {
  await withKit(async (kit) => {
    for (const list of ["[{'bytes': 'a'::BLOB, 'rate': 1}]", "['a'::BLOB]", "[['a'::BLOB]]"]) {
      const path = await writeRows(kit, "rows", `SELECT ${list} AS sounds, 1 AS n`);
      await expect(kit.plan(path)).rejects.toMatchObject({
        code: "type_mismatch",
        details: { column: "sounds" },
      });
    }
  });
});

describe("image columns", () => {
  const cell = "{'bytes': 'a'::BLOB, 'path': 'x'}";
  const cases: [string, string, string[]][] = [
    [
      "image is the row's own, wherever it stands",
      `SELECT ${cell} AS mask, 'b'::BLOB AS image`,
      ["image", "mask"],
    ],
    ["image_bytes too", `SELECT ${cell} AS mask, 'b'::BLOB AS image_bytes`, ["image", "mask"]],
    ["without such a name the first is", `SELECT ${cell} AS before, ${cell} AS after`, ["image", "after"]],
    [
      "both names are two images",
      "SELECT 'a'::BLOB AS image, 'b'::BLOB AS image_bytes",
      ["image", "image_bytes"],
    ],
    ["a path beside them is the row's own", `SELECT 'x' AS image_path, ${cell} AS mask`, ["image", "mask"]],
    ["bytes under another name are bytes", "SELECT 'a'::BLOB AS image, 'b'::BLOB AS mask", ["image"]],
  ];
  for (const [name, select, expected] of cases) {
    test(name, async () => {
      await withKit(async (kit) => {
        const { contents, contentKind, key } = await kit.plan(await writeRows(kit, "rows", select));
        expect(contents.map((column) => column.name)).toEqual(expected);
        expect([contentKind, key.variant]).toEqual(["image", "image"]);
      });
    });
  }
});

describe("references", () => {
  test("need raw data of the dataset, in the catalog or waiting", async () => {
    await withKit(async (kit) => {
      const labels = await writeRows(kit, "labels", "SELECT 'a.png' AS source_name, 'x' AS label");
      await expect(kit.plan(labels, OCR)).rejects.toMatchObject({ code: "not_found" });
      await kit.stage(await writeRows(kit, "raw", "SELECT 1 AS n"));
      expect((await kit.plan(labels, OCR)).reference?.column).toBe("source_name");
    });
  });

  test("the first of hash, path and source_name is used, the others go with a notice", async () => {
    await withKit(async (kit) => {
      await kit.stage(await writeRows(kit, "raw", "SELECT 1 AS n"));
      const labels = await writeRows(
        kit,
        "labels",
        "SELECT 'a.png' AS source_name, unnest(['assets/provider=p/x.jpg', NULL]) AS path, 1 AS n",
      );
      const { manifest, rows, plan } = await kit.stage(labels, OCR);
      expect(manifest.reference).toBe("path");
      expect(manifest.columns.map((column) => column.name)).toEqual(["n", "lang"]);
      expect(rows.map((row) => [row.path, row.__reject])).toEqual([
        ["provider=p/x.jpg", null],
        [null, "no path to refer by"],
      ]);
      expect(plan.notices).toEqual([expect.stringContaining("source_name")]);
    });
  });

  test("images of its own win over references", async () => {
    await withKit(async (kit) => {
      const path = await writeRows(kit, "own", "SELECT 'img'::BLOB AS image, '이름.png' AS source_name");
      const { manifest, rows } = await kit.stage(path, OCR);
      expect(manifest).toMatchObject({ reference: null, content: "image", contents: 1 });
      expect(rows[0]?.source_name).toBe("이름.png");
    });
  });

  test("labels that name no page are taken with a notice, texts without a word", async () => {
    await withKit(async (kit) => {
      const path = await writeRows(kit, "texts", "SELECT 'x' AS label");
      expect((await kit.plan(path)).notices).toEqual([]);
      expect((await kit.plan(path, OCR)).notices).toEqual([expect.stringContaining("source_stem")]);
    });
  });
});

describe("an upload of the other type than was meant", () => {
  test("labels that are uploaded as raw data say so, whatever names their pages", async () => {
    await withKit(async (kit) => {
      const folder = join(kit.folder, "labels");
      await mkdir(folder);
      for (const name of ["1.json", "2.json"]) await writeFile(join(folder, name), '{"글": 1}');
      const told = expect.stringMatching(/^the rows have no images: .*--type task$/);
      expect((await kit.plan(folder)).notices).toContainEqual(told);
      const rows = await writeRows(kit, "rows", "SELECT 'a.jpg' AS source_name, 'x' AS label");
      expect((await kit.plan(rows)).notices).toContainEqual(told);
      await makePartition(kit, "raw", "image", []);
      expect((await kit.plan(folder, OCR)).notices).not.toContainEqual(told);
    });
  });

  test("images that are uploaded to a task without labels say so", async () => {
    await withKit(async (kit) => {
      const given = join(kit.folder, "given");
      const folder = join(given, "Training");
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, "1.jpg"), "\xff\xd8\xff a page");
      const told = expect.stringMatching(/^the images have no labels: /);
      expect((await kit.plan(given, OCR)).notices).toContainEqual(told);
      expect((await kit.plan(given)).notices).not.toContainEqual(told);
      await writeFile(join(folder, "1.json"), '{"글": 1}');
      expect((await kit.plan(given, OCR)).notices).not.toContainEqual(told);
    });
  });
});

describe("mode", () => {
  test("create refuses a partition that exists or is waiting", async () => {
    await withKit(async (kit) => {
      const path = await writeRows(kit, "rows", "SELECT 1 AS n");
      const { manifest } = await kit.stage(path);
      // who repeats it after a crash must not append its rows
      const refused = (message: string) => ({
        code: "partition_exists",
        message: expect.stringContaining(message),
        details: { partition: "p/d/raw/text", waiting: { upload_id: manifest.upload_id, rows: 1 } },
      });
      await expect(kit.plan(path)).rejects.toMatchObject(
        refused(
          `upload ${manifest.upload_id}, which is staged, has as many rows (1) and the same columns for p/d/raw/text; if it is this one, \`datalake process start --wait\` finishes it; if these are other rows, process that one first, then add these with --mode append`,
        ),
      );
      const open = join(kit.folder, "open.jsonl");
      await Bun.write(open, '{"a":[],"b":null}\n');
      await kit.stage(open, { dataset: "open" });
      await expect(kit.plan(open, { dataset: "open" })).rejects.toMatchObject({
        message: expect.stringContaining("if it is this one"),
      });
      await rename(
        join(kit.lake.layout.pending, manifest.upload_id),
        join(kit.lake.layout.processing, manifest.upload_id),
      );
      await expect(kit.plan(path)).rejects.toMatchObject(refused("if it is this one"));
      // other rows, or other columns
      for (const select of ["FROM range(2) t(n)", "SELECT 'a' AS m"]) {
        const other = kit.plan(await writeRows(kit, "others", select));
        await expect(other).rejects.toMatchObject(refused("process that one with `datalake process start"));
      }
      await makePartition(kit, "ocr", "base", []);
      await expect(kit.plan(path, OCR)).rejects.toMatchObject({ code: "partition_exists" });
      expect((await kit.plan(path, { ...OCR, mode: "replace" })).key.task).toBe("ocr");
    });
  });

  test("append tells of an upload that waits with as many rows and the same columns", async () => {
    await withKit(async (kit) => {
      const append = { mode: "append" } as const;
      const path = await writeRows(kit, "rows", "SELECT 1 AS n");
      const { manifest } = await kit.stage(path, append);
      expect((await kit.plan(path, append)).notices).toEqual([
        `upload ${manifest.upload_id}, which waits for p/d/raw/text, has as many rows (1) and the same columns; if it is this one, its rows are added twice`,
      ]);
      for (const select of ["FROM range(2) t(n)", "SELECT 'a' AS m"]) {
        const other = await writeRows(kit, "others", select);
        expect((await kit.plan(other, append)).notices).toEqual([]);
      }
      expect((await kit.plan(path, { mode: "replace" })).notices).toEqual([]);
      expect((await kit.plan(path, { ...append, dataset: "other" })).notices).toEqual([]);
    });
  });

  test("append refuses a type that cannot meet the partition's, naming both", async () => {
    await withKit(async (kit) => {
      await makePartition(kit, "raw", "text", [
        { name: "n", type: "BIGINT", nulls: 0 },
        { name: "empty", type: "INTEGER", nulls: 10 },
      ]);
      const append = { mode: "append" } as const;
      const text = await writeRows(kit, "text", "SELECT 'one' AS n");
      await expect(kit.plan(text, append)).rejects.toMatchObject({
        code: "type_mismatch",
        details: { column: "n", type: "VARCHAR", partition_type: "BIGINT" },
      });
      const wider = await writeRows(kit, "wider", "SELECT 1::INTEGER AS n, 'x' AS empty, 1 AS more");
      expect((await kit.plan(wider, append)).columns.map((column) => column.name)).toEqual([
        "n",
        "empty",
        "more",
      ]);
    });
  });

  test("append changes no value: types that would round meet only where no value does, or are refused", async () => {
    await withKit(async (kit) => {
      await makePartition(kit, "raw", "text", [
        { name: "id", type: "BIGINT", nulls: 0 },
        { name: "score", type: "DOUBLE", nulls: 0 },
        { name: "boxes", type: "DOUBLE[][]", nulls: 0 },
      ]);
      const append = { mode: "append" } as const;
      const plannedTypes = async (select: string) => {
        const path = await writeRows(kit, `rows-${Bun.hash(select)}`, select);
        const { columns } = await kit.plan(path, append);
        return Object.fromEntries(columns.map(({ name, type }) => [name, type]));
      };
      expect(await plannedTypes("SELECT 2 AS id, 3::BIGINT AS score")).toMatchObject({ score: "DOUBLE" });
      const lists = "SELECT UNNEST([[[1::BIGINT, NULL], []], NULL]) AS boxes";
      expect(await plannedTypes(lists)).toMatchObject({ boxes: "DOUBLE[][]" });
      for (const [column, select] of [
        ["id", "SELECT 1.5::DOUBLE AS id"],
        ["score", "SELECT 9007199254740993 AS score"],
        ["boxes", "SELECT [[1], [2, -9007199254740993]] AS boxes"],
      ]) {
        await expect(plannedTypes(String(select))).rejects.toMatchObject({
          code: "type_mismatch",
          details: { column },
        });
      }
    });
  });

  test("append stores exact numbers as the partition has them, as earlier versions did too", async () => {
    await withKit(async (kit) => {
      await makePartition(kit, "raw", "text", [
        { name: "cents", type: "DOUBLE", nulls: 0 },
        { name: "money", type: "VARCHAR", nulls: 0 },
        { name: "seed", type: "VARCHAR", nulls: 0 },
        { name: "seeds", type: "BIGINT[]", nulls: 0 },
      ]);
      const path = await writeRows(
        kit,
        "exact",
        `SELECT 1.10::DECIMAL(10,2) AS cents, 12345678901234567.80::DECIMAL(30,2) AS money,
          18446744073709551615::UBIGINT AS seed, [7::UBIGINT] AS seeds`,
      );
      const { manifest, rows } = await kit.stage(path, { mode: "append" });
      expect(typesOf(manifest)).toEqual({
        cents: "DOUBLE",
        money: "VARCHAR",
        seed: "VARCHAR",
        seeds: "UBIGINT[]",
      });
      expect(rows[0]).toMatchObject({
        cents: 1.1,
        money: "12345678901234567.80",
        seed: "18446744073709551615",
      });
      const wide = await writeRows(kit, "wide", "SELECT 12345678901234567.80::DECIMAL(30,2) AS cents");
      await expect(kit.plan(wide, { mode: "append" })).rejects.toMatchObject({ code: "type_mismatch" });
    });
  });

  test("append takes a column without any value as what the partition has there", async () => {
    await withKit(async (kit) => {
      await makePartition(kit, "raw", "text", [
        { name: "score", type: "DOUBLE", nulls: 0 },
        { name: "tags", type: "BIGINT[]", nulls: 0 },
        { name: "label", type: "VARCHAR", nulls: 0 },
      ]);
      const path = join(kit.folder, "open.jsonl");
      await Bun.write(
        path,
        '{"score":null,"tags":[],"label":[]}\n{"score":null,"tags":[null],"label":null}\n',
      );
      const { manifest, rows } = await kit.stage(path, { mode: "append" });
      expect(typesOf(manifest)).toEqual({ score: "DOUBLE", tags: "BIGINT[]", label: "VARCHAR" });
      expect(rows.map(({ score, tags, label }) => ({ score, tags, label }))).toEqual([
        { score: null, tags: [], label: "[]" },
        { score: null, tags: [null], label: null },
      ]);
    });
  });

  test("append takes a column that is NULL in every row, whatever type the file says it has", async () => {
    await withKit(async (kit) => {
      await makePartition(kit, "raw", "text", [
        { name: "n", type: "BIGINT", nulls: 0 },
        { name: "days", type: "DATE[]", nulls: 0 },
        { name: "label", type: "VARCHAR", nulls: 0 },
        { name: "bare", type: "VARCHAR[]", nulls: 0, open: true },
      ]);
      const append = { mode: "append" } as const;
      const nulls =
        "NULL::DOUBLE AS n, NULL::BIGINT[] AS days, NULL::BIGINT AS label, NULL::DATE AS more, NULL::DATE AS bare";
      const path = await writeRows(kit, "nulls", `SELECT ${nulls}, 7 AS id`);
      const { manifest, rows } = await kit.stage(path, append);
      expect(manifest.columns).toEqual([
        { name: "n", type: "BIGINT" },
        { name: "days", type: "DATE[]" },
        { name: "label", type: "VARCHAR" },
        { name: "more", type: "VARCHAR", open: true }, // its type counts nowhere
        { name: "bare", type: "VARCHAR", open: true },
        { name: "id", type: "INTEGER" },
      ]);
      expect(rows[0]).toMatchObject({ n: null, days: null, label: null, more: null, id: 7 });
      const bad = await writeRows(kit, "bad", "SELECT NULL::DOUBLE AS n, 7 AS label");
      await expect(kit.plan(bad, append)).rejects.toMatchObject({
        code: "type_mismatch",
        details: { column: "label", type: "INTEGER", partition_type: "VARCHAR" },
      });
    });
  });

  test("append gives a type to lists without values, but not to those of an input that states it", async () => {
    await withKit(async (kit) => {
      await makePartition(kit, "raw", "text", [
        { name: "tags", type: "VARCHAR[]", nulls: 0, open: true },
        { name: "deep", type: "VARCHAR[][]", nulls: 0, open: true },
        { name: "stated", type: "VARCHAR[]", nulls: 0 }, // so are those of earlier versions
      ]);
      const append = { mode: "append" } as const;
      const plannedTypes = async (select: string) => {
        const path = await writeRows(kit, `rows-${Bun.hash(select)}`, select);
        const { columns } = await kit.plan(path, append);
        return Object.fromEntries(columns.map(({ name, type }) => [name, type]));
      };
      expect(await plannedTypes("SELECT [1.5::FLOAT] AS tags, [[DATE '2020-01-01']] AS deep")).toEqual({
        tags: "FLOAT[]",
        deep: "DATE[][]",
      });
      expect(await plannedTypes("SELECT [{'a': 1}] AS tags, 'x' AS deep")).toEqual({
        tags: "VARCHAR",
        deep: "VARCHAR",
      });
      for (const [column, select, type] of [
        ["stated", "SELECT [1] AS stated", "VARCHAR[]"],
        ["deep", "SELECT [1] AS deep", "VARCHAR[][]"],
        ["tags", "SELECT 1 AS tags", "VARCHAR[]"],
      ] as const) {
        await expect(plannedTypes(select)).rejects.toMatchObject({
          code: "type_mismatch",
          details: { column, partition_type: type },
        });
      }
      const path = join(kit.folder, "open.jsonl");
      await Bun.write(path, '{"tags":[[]],"deep":[],"stated":[null],"none":null,"list":[]}\n');
      const { manifest } = await kit.stage(path, append);
      expect(manifest.columns).toEqual([
        { name: "tags", type: "VARCHAR[][]", open: true },
        { name: "deep", type: "VARCHAR[]", open: true },
        { name: "stated", type: "VARCHAR[]" },
        { name: "none", type: "VARCHAR", open: true },
        { name: "list", type: "VARCHAR[]", open: true },
      ]);
    });
  });

  test("append looks at uploads that wait, too", async () => {
    await withKit(async (kit) => {
      await kit.stage(await writeRows(kit, "rows", "SELECT 1 AS n"));
      const text = await writeRows(kit, "text", "SELECT 'one' AS n");
      await expect(kit.plan(text, { mode: "append" })).rejects.toMatchObject({ code: "type_mismatch" });
    });
  });
});

test("columns that the path says are dropped with a notice", async () => {
  await withKit(async (kit) => {
    const path = await writeRows(kit, "rows", "SELECT 1 AS n, 'x' AS Provider, 'y' AS task");
    const plan = await kit.plan(path);
    expect(plan.columns.map((column) => column.name)).toEqual(["n"]);
    expect(plan.notices).toEqual([expect.stringContaining("provider, task")]);
  });
});

test("plain types: what each DuckDB type becomes", async () => {
  await withKit(async (kit) => {
    const path = await writeRows(
      kit,
      "types",
      `SELECT 1::TINYINT AS small, 1::UINTEGER AS u32, 18446744073709551615::UBIGINT AS u64, 5::UBIGINT AS fits,
        1.5::DECIMAL(10,2) AS cents, 12345678901234567890.5::DECIMAL(30,2) AS exact, 7::DECIMAL(9,0) AS whole,
        TIMESTAMP_NS '2024-05-01 09:30:00.123456' AS micros, TIMESTAMP_NS '2024-05-01 09:30:00.123456789' AS nanos,
        [18446744073709551615::UBIGINT] AS u64s, [[1.10::DECIMAL(4,2)]] AS prices, [TIMESTAMP_NS '2024-05-01 09:30:00.123456789'] AS fine,
        TIMESTAMPTZ '2024-05-01 09:30:00+09' AS at, TIME '10:00' AS clock, uuid() AS id, 'a'::ENUM('a','b') AS e,
        MAP {'k': 0.1::FLOAT} AS m, {'나': 1, '가': {'x': [0.1::FLOAT, 'nan'::FLOAT]}} AS s, [1::TINYINT] AS l, [{'a': 1}] AS ls,
        {'x': [-0.5::DECIMAL(4,4), 0], 'y': MAP {'k': 0.123456789012345678901::DECIMAL(21,21)}} AS fractions`,
    );
    const { rows, manifest, plan } = await kit.stage(path);
    const told = plan.notices.filter((notice) => notice.includes("finer than microseconds"));
    expect(told.map((notice) => notice.split(" ")[3])).toEqual(["nanos", "fine"]);
    expect(Object.fromEntries(manifest.columns.map(({ name, type }) => [name, type]))).toEqual({
      small: "INTEGER",
      u32: "BIGINT",
      u64: "UBIGINT",
      fits: "UBIGINT",
      cents: "DECIMAL(10,2)",
      exact: "DECIMAL(30,2)",
      whole: "DECIMAL(9,0)",
      micros: "TIMESTAMP",
      nanos: "VARCHAR",
      u64s: "UBIGINT[]",
      prices: "DECIMAL(4,2)[][]",
      fine: "VARCHAR[]",
      at: "TIMESTAMP",
      clock: "VARCHAR",
      id: "VARCHAR",
      e: "VARCHAR",
      m: "VARCHAR",
      s: "VARCHAR",
      l: "INTEGER[]",
      ls: "VARCHAR",
      fractions: "VARCHAR",
    });
    expect(rows[0]).toMatchObject({
      micros: "2024-05-01 09:30:00.123456",
      nanos: "2024-05-01 09:30:00.123456789",
      fine: ["2024-05-01 09:30:00.123456789"],
      at: "2024-05-01 00:30:00",
      clock: "10:00:00",
      s: '{"나":1,"가":{"x":[0.1,null]}}',
      ls: '[{"a":1}]',
      fractions: '{"x":[-0.5,0.0],"y":{"k":0.123456789012345678901}}',
    });
    const longest = await writeRows(kit, "longest", "SELECT [{'x': 0.5::DECIMAL(38,38)}] AS s");
    await expect(kit.plan(longest)).rejects.toMatchObject({
      code: "type_mismatch",
      details: { column: "s" },
    });
  });
});

test("what is not a number inside a VARIANT is null, and a text that says so stays", async () => {
  await withKit(async (kit) => {
    const variant = `{'a': [-1.0/0, 'nan'::DOUBLE, 1.5], 'NaN': 'b\\"NaN', 'c': 'Infinity:NaN,-Infinity'}::VARIANT`;
    const path = await writeRows(
      kit,
      "variant",
      `SELECT unnest([${variant}, 'nan'::DOUBLE::VARIANT, NULL]) AS v`,
    );
    const { rows } = await kit.stage(path);
    expect(rows.map(({ v }) => v)).toEqual([
      '{"NaN":"b\\\\\\"NaN","a":[null,null,1.5],"c":"Infinity:NaN,-Infinity"}',
      null,
      null,
    ]);
  });
});

test("NaN and Infinity inside objects, which JSON does not have, are told by column", async () => {
  await withKit(async (kit) => {
    const select = `SELECT UNNEST([
      {'s': {'x': [1.0::DOUBLE, 'nan'], 'n': 1}, 'l': [{'y': 1::FLOAT}], 'm': MAP {'k': 'inf'::DOUBLE}, 'f': ['nan'::DOUBLE]},
      {'s': {'x': NULL, 'n': 1}, 'l': [NULL], 'm': MAP {'k': '-inf'::DOUBLE}, 'f': []},
      NULL], recursive := false) AS t`;
    const path = await writeRows(kit, "objects", `SELECT t.* FROM (${select})`);
    expect((await kit.plan(path)).notices).toEqual([
      "NaN or Infinity inside s in 1 row: null instead, because JSON has no such numbers",
      "NaN or Infinity inside m in 2 rows: null instead, because JSON has no such numbers",
    ]);
    const texts = `SELECT {'a': 'NaN'}::VARIANT AS t, {'a': 'nan'::DOUBLE}::VARIANT AS v, NULL::VARIANT AS n`;
    expect((await kit.plan(await writeRows(kit, "variants", texts))).notices).toEqual([
      "NaN or Infinity inside v in 1 row: null instead, because JSON has no such numbers",
    ]);
  });
});

test("a time that is too early to be read back is refused with its column, at any depth of lists", async () => {
  await withKit(async (kit) => {
    const early = "make_timestamp(-9223372036854775807 + 1)";
    for (const value of [early, `[[NULL, ${early}]]`]) {
      const path = await writeRows(kit, "early", `SELECT TIMESTAMP 'infinity' AS late, ${value} AS at`);
      await expect(kit.plan(path)).rejects.toMatchObject({ code: "invalid_input", details: { path } });
    }
    const first = await writeRows(kit, "first", "SELECT make_timestamp(-9223372022400000000) AS at");
    expect((await kit.stage(first)).manifest.rows).toBe(1);
  });
});

test("a day on which there is no time is refused with its column: it could not meet times", async () => {
  await withKit(async (kit) => {
    for (const day of ["DATE '5881580-07-10'", "DATE 'infinity'", "DATE '290308-12-21 (BC)'"]) {
      for (const value of [day, `[[NULL, ${day}]]`]) {
        const path = await writeRows(kit, "days", `SELECT 1 AS id, ${value} AS day`);
        const refused = { code: "invalid_input", details: { path, column: "day" } };
        await expect(kit.plan(path)).rejects.toMatchObject(refused);
      }
    }
    const most = "SELECT UNNEST([DATE '290308-12-22 (BC)', DATE '294247-01-10', NULL]) AS day";
    expect((await kit.stage(await writeRows(kit, "most", most))).manifest.rows).toBe(3);
  });
});
