import { describe, expect, test } from "bun:test";
import { chmod, mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createUploadLayout } from "../../src/lake/layout.ts";
import { quoteText } from "../../src/query/sql.ts";
import { hash, type IngestKit, typesOf, withKit } from "./kit.ts";

async function write(kit: IngestKit, name: string, content: string | Uint8Array): Promise<string> {
  const path = join(kit.folder, name);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, content);
  return path;
}

async function writeParquet(kit: IngestKit, name: string, select: string, options = ""): Promise<string> {
  const path = join(kit.folder, name);
  await kit.session.database.run(`COPY (${select}) TO '${path}' (FORMAT parquet ${options})`);
  return path;
}

describe("JSON Lines", () => {
  test("keys of any row are columns; types are those all rows agree on", async () => {
    await withKit(async (kit) => {
      const path = await write(
        kit,
        "rows.jsonl",
        [
          '{"n": 1, "x": 1, "s": "007", "b": true, "l": [1, 2], "m": {"나": 1, "가": "\\uac00"}, "v": [1]}',
          '{"n": 2, "x": 2.5, "s": "a\\nb", "b": null, "l": [], "m": {"가": [], "나": null}, "v": "text"}',
          '{"late": [[1.5]], "v": {"a": 1}, "l": null}',
        ].join("\n"),
      );
      const { manifest, rows } = await kit.stage(path);
      expect(typesOf(manifest)).toEqual({
        n: "BIGINT",
        x: "DOUBLE",
        s: "VARCHAR",
        b: "BOOLEAN",
        l: "BIGINT[]",
        m: "VARCHAR",
        v: "VARCHAR",
        late: "DOUBLE[][]",
      });
      expect(rows.map((row) => row.m)).toEqual(['{"나":1,"가":"가"}', '{"가":[],"나":null}', null]);
      expect(rows.map((row) => row.v)).toEqual(["[1]", '"text"', '{"a":1}']);
      expect(rows.map((row) => row.s)).toEqual(["007", "a\nb", null]);
      expect(rows.map((row) => row.l)).toEqual([[1, 2], [], null]);
      expect(rows[2]?.late).toEqual([[1.5]]);
      expect(manifest.variant).toBe("text");
    });
  });

  test("a line that is no JSON object is a rejected row with its position", async () => {
    await withKit(async (kit) => {
      const { rows } = await kit.stage(await write(kit, "bad.jsonl", '{"a":1}\n{"a":\n\n[1]\n{"a":2}\n'));
      expect(rows.map((row) => [row.source_row, row.a, row.__reject])).toEqual([
        [0, 1, null],
        [1, null, "line 2: the line is not JSON"],
        [2, null, "line 4: the line is not a JSON object"],
        [3, 2, null],
      ]);
    });
  });

  test("keys may hold anything", async () => {
    await withKit(async (kit) => {
      const row = { 'a"b': 1, "c/d": 2, "e~f": 3, "g.h": 4, $i: 5, "j'k": 6, "0": 7, "글 자": 8 };
      const { rows } = await kit.stage(await write(kit, "keys.jsonl", JSON.stringify(row)));
      expect(rows[0]).toMatchObject({ a_b: 1, c_d: 2, e_f: 3, g_h: 4, i: 5, j_k: 6, "0": 7, 글_자: 8 });
    });
  });

  test("an empty file is refused", async () => {
    await withKit(async (kit) => {
      await expect(kit.stage(await write(kit, "empty.jsonl", ""))).rejects.toMatchObject({
        code: "empty_input",
      });
    });
  });
});

describe("CSV", () => {
  test("numbers only where nothing is lost; JSON stays as it came", async () => {
    await withKit(async (kit) => {
      const path = await write(
        kit,
        "rows.csv",
        '\ufeffid,zip,score,ok,label,글\n1,007,0.5,true,"{""b"": 1, ""a"": ""가""}",가\n2,123,2,false,,\n',
      );
      const { manifest, rows } = await kit.stage(path);
      expect(typesOf(manifest)).toEqual({
        id: "BIGINT",
        zip: "VARCHAR",
        score: "DOUBLE",
        ok: "BOOLEAN",
        label: "VARCHAR",
        글: "VARCHAR",
      });
      expect(rows[0]).toMatchObject({
        id: 1,
        zip: "007",
        score: 0.5,
        ok: true,
        label: '{"b": 1, "a": "가"}',
      });
      expect(rows[1]?.label).toBeNull();
    });
  });

  test("a line that does not fit the header is a rejected row", async () => {
    await withKit(async (kit) => {
      const lines = ["a,b", ...Array.from({ length: 50 }, (_, n) => `${n},x`), "1,2,3", "51,x"];
      const { rows } = await kit.stage(await write(kit, "bad.csv", `${lines.join("\n")}\n`));
      expect(rows.filter((row) => row.__reject === null)).toHaveLength(51);
      expect(rows.filter((row) => row.__reject !== null).map((row) => row.__reject)).toEqual([
        expect.stringContaining("line 52"),
      ]);
    });
  });
});

describe("Parquet", () => {
  test("a folder of files is one input; shards tell their split", async () => {
    await withKit(async (kit) => {
      await mkdir(join(kit.folder, "data"));
      await writeParquet(kit, "data/test-00000-of-00001.parquet", "SELECT 3 AS n");
      await writeParquet(kit, "data/train-00000-of-00002.parquet", "SELECT 1 AS n");
      await writeParquet(kit, "data/train-00001-of-00002.parquet", "SELECT 2 AS n, 'x' AS more");
      const { rows } = await kit.stage(join(kit.folder, "data"));
      expect(rows.map((row) => [row.n, row.split, row.more ?? null])).toEqual([
        [3, "test", null],
        [1, "train", null],
        [2, "train", "x"],
      ]);
    });
  });

  test("numbers that are labels of other names in another file are refused", async () => {
    await withKit(async (kit) => {
      const labels = (folder: string, at: number, names: string[]) =>
        kit.session.database.run(
          `COPY (SELECT 0::BIGINT AS y) TO ${quoteText(join(kit.folder, folder, `${at}.parquet`))}
          (FORMAT parquet, KV_METADATA {huggingface: ${quoteText(JSON.stringify({ info: { features: { y: { names, _type: "ClassLabel" } } } }))}})`,
        );
      for (const [folder, second] of [
        ["more", ["cat", "dog"]],
        ["other", ["dog", "cat"]],
      ] as const) {
        await mkdir(join(kit.folder, folder));
        await labels(folder, 0, ["cat"]);
        await labels(folder, 1, [...second]);
      }
      const { features } = await kit.plan(join(kit.folder, "more"));
      expect(features.y).toEqual({ names: ["cat", "dog"], _type: "ClassLabel" });
      const refused = kit.plan(join(kit.folder, "other"));
      await expect(refused).rejects.toMatchObject({ code: "type_mismatch", details: { column: "y" } });
    });
  });

  test("folders named by values that are in no file are told", async () => {
    await withKit(async (kit) => {
      for (const lang of ["en", "ko"]) {
        await mkdir(join(kit.folder, `data/lang=${lang}/n=1`), { recursive: true });
        await writeParquet(kit, `data/lang=${lang}/n=1/0.parquet`, "SELECT 1 AS n");
      }
      for (const input of ["data", "data/lang=*/n=1/*.parquet"]) {
        const { notices } = await kit.plan(join(kit.folder, input));
        const told = notices.filter((notice) =>
          notice.startsWith("folders are named by values of lang, a column"),
        );
        expect([input, told.length]).toEqual([input, 1]);
      }
      const { notices } = await kit.plan(join(kit.folder, "data/lang=ko/n=1/0.parquet"));
      expect(notices.filter((notice) => notice.includes("lang"))).toEqual([]);
    });
  });

  test("an image stays with its row where files of several splits alternate", async () => {
    await withKit(async (kit) => {
      await mkdir(join(kit.folder, "alternating"));
      for (const name of ["2021-test", "2021-train", "2022-test", "2022-train"]) {
        const select = `SELECT '${name}' AS name, {'bytes': '${name}'::BLOB, 'path': 'x'} AS image`;
        await writeParquet(kit, `alternating/${name}.parquet`, select);
      }
      const { rows } = await kit.stage(join(kit.folder, "alternating"));
      expect(rows).toHaveLength(4);
      for (const { name, split, source_hash } of rows) {
        expect([name, source_hash]).toEqual([name, hash(String(name))]);
        expect(String(name)).toEndWith(String(split));
      }
    });
  });

  test("a glob takes what it matches, in the order of names", async () => {
    await withKit(async (kit) => {
      for (const n of [2, 1, 3]) await writeParquet(kit, `part${n}.parquet`, `SELECT ${n} AS n`);
      const { rows } = await kit.stage(join(kit.folder, "part[12].parquet"));
      expect(rows.map((row) => row.n)).toEqual([1, 2]);
    });
  });

  test("files whose types differ meet exactly, or are refused with their names", async () => {
    await withKit(async (kit) => {
      const shards = async (name: string, ...selects: string[]) => {
        for (const [at, select] of selects.entries()) {
          const path = join(kit.folder, name, `${at}.parquet`);
          await mkdir(dirname(path), { recursive: true });
          await kit.session.database.run(`COPY (${select}) TO '${path}' (FORMAT parquet)`);
        }
        return join(kit.folder, name);
      };
      const meeting: [string[], unknown[]][] = [
        [
          ["SELECT 1::INTEGER AS v", "SELECT 4294967296 AS v"],
          [1, 4294967296],
        ],
        [
          ["SELECT 1.5::DECIMAL(4,2) AS v", "SELECT 12345.678::DECIMAL(9,3) AS v"],
          [1.5, 12345.678],
        ],
        [
          ["SELECT 1 AS k", "SELECT 2 AS k, 'x' AS v"],
          [null, "x"],
        ],
        [
          ["SELECT DATE '2024-05-01' AS v", "SELECT TIMESTAMP '2024-05-01 09:30:00.5' AS v"],
          ["2024-05-01 00:00:00", "2024-05-01 09:30:00.5"],
        ],
        [
          [
            "SELECT TIMESTAMP_MS '2024-05-01 09:30:00.5' AS v",
            "SELECT TIMESTAMP_NS '2024-05-01 09:30:00.5' AS v",
          ],
          ["2024-05-01 09:30:00.5", "2024-05-01 09:30:00.5"],
        ],
        [
          ["SELECT [1::TINYINT] AS v", "SELECT [70000] AS v"],
          [[1], [70000]],
        ],
      ];
      for (const [at, [selects, values]] of meeting.entries()) {
        const { rows } = await kit.stage(await shards(`m${at}`, ...selects), { dataset: `m${at}` });
        expect(rows.map(({ v }) => v)).toEqual(values);
      }
      for (const [at, value] of ["%", "[%]", "{'a': %}"].entries()) {
        const both = ["-7::BIGINT", "18446744073709551615::UBIGINT"].map((v) => value.replace("%", v));
        const folder = await shards(`s${at}`, ...both.map((v) => `SELECT ${v} AS v`));
        const { plan } = await kit.stage(folder, { dataset: `s${at}` });
        const planned = plan.columns.find(({ name }) => name === "v");
        const found = await kit.session.database.rows(
          `SELECT CAST(${planned?.expression} AS VARCHAR) AS v FROM ${await plan.input.rows()}`,
        );
        const asStored = value.startsWith("{") ? '{"a":%}' : value;
        expect(found.map(({ v }) => v)).toEqual(
          ["-7", "18446744073709551615"].map((v) => asStored.replace("%", v)),
        );
        expect(planned?.type).toBe(["DECIMAL(20,0)", "DECIMAL(20,0)[]", "VARCHAR"][at] as string);
      }
      const apart = [
        ["SELECT 9007199254740993 AS v", "SELECT 1.5::DOUBLE AS v"],
        ["SELECT 16777217::INTEGER AS v", "SELECT 1.5::FLOAT AS v"],
        ["SELECT 'x' AS v", "SELECT ['x'] AS v"],
        ["SELECT '007' AS v", "SELECT 7 AS v"],
        ["SELECT [1.25::DECIMAL(4,2)] AS v", "SELECT [0.1::DOUBLE] AS v"],
        ["SELECT {'a': 1} AS v", "SELECT {'a': 'x'} AS v"],
      ];
      for (const [at, selects] of apart.entries()) {
        const folder = await shards(`a${at}`, ...selects);
        await expect(kit.session.open(folder)).rejects.toMatchObject({
          code: "type_mismatch",
          details: { column: "v", files: [join(folder, "0.parquet"), join(folder, "1.parquet")] },
        });
      }
    });
  });

  test("a footer that claims more than the file can hold is refused before anything is read", async () => {
    await withKit(async (kit) => {
      const path = await writeParquet(kit, "bomb.parquet", "SELECT hash(range) AS n FROM range(100)");
      const [size] = await kit.session.database.rows<{ bytes: number }>(
        `SELECT total_compressed_size AS bytes FROM parquet_metadata('${path}')`,
      );
      // in the footer the size is a zigzag varint of two bytes; the largest such stands for 8,191
      const zigzag = (size?.bytes ?? 0) * 2;
      const bytes = Buffer.from(await Bun.file(path).bytes());
      const written = Uint8Array.from([(zigzag & 127) | 128, zigzag >> 7]);
      for (let at = bytes.indexOf(written, 500); at >= 0; at = bytes.indexOf(written, at))
        bytes.set([0xfe, 0x7f], at);
      const bomb = await write(kit, "patched.parquet", bytes);
      await expect(kit.stage(bomb)).rejects.toMatchObject({ code: "invalid_input", details: { rows: 100 } });
    });
  });

  test("what is no Parquet is refused by name", async () => {
    await withKit(async (kit) => {
      const path = await write(kit, "x.parquet", "PAR1 this is not it PAR1");
      await expect(kit.stage(path)).rejects.toMatchObject({ code: "invalid_input", details: { path } });
    });
  });
});

describe("paths of local files", () => {
  const select = (path: string) =>
    `SELECT unnest(['${path}', 'nowhere.pdf', NULL]) AS file, unnest([1,2,3]) AS n`;

  test("are relative to the input, and a missing one costs its row", async () => {
    await withKit(async (kit) => {
      await write(kit, "in/docs/계약.pdf", "%PDF-1");
      const path = await writeParquet(kit, "in/rows.parquet", select("docs/계약.pdf"));
      const { manifest, rows, files } = await kit.stage(path);
      expect(manifest).toMatchObject({
        variant: "files",
        content: "file",
        rows: 3,
        contents: 1,
        staged_files: 1,
      });
      expect(rows.map((row) => row.__reject)).toEqual([
        null,
        "the file nowhere.pdf does not exist",
        null, // names none
      ]);
      expect(rows[0]).toMatchObject({ source_name: "docs/계약.pdf", source_hash: hash("%PDF-1") });
      expect(files).toEqual([`${hash("%PDF-1").slice(0, 2)}/${hash("%PDF-1")}`]);
      expect(Object.keys(typesOf(manifest))).toEqual(["n"]);
    });
  });

  test("what is no path is said so, and never repeated in the reason", async () => {
    await withKit(async (kit) => {
      const base64 = Buffer.alloc(3000, "\xff\xd8\xff\xe0", "latin1").toString("base64");
      const paths = [
        base64,
        `data:image/png;base64,${base64}`,
        "x".repeat(5000),
        "y/".repeat(400),
        "a\0b.jpg",
      ];
      const lines = paths.map((image, id) => JSON.stringify({ image, id })).join("\n");
      await write(kit, "ok.jpg", "ok");
      const input = await write(kit, "rows.jsonl", `${lines}\n{"image":"ok.jpg"}\n`);
      const { rows } = await kit.stage(input);
      const encoded = (count: string) =>
        `a text of ${count} characters, perhaps base64, not a path; decode it into a column of bytes`;
      expect(rows.map((row) => row.__reject)).toEqual([
        encoded("4,000"),
        encoded("4,022"),
        encoded("5,000"),
        `the file ${"y/".repeat(400).slice(0, 299)}… does not exist`,
        expect.stringMatching(/^the file a.*b\.jpg does not exist$/),
        null,
      ]);
      expect(rows.slice(0, 3).map((row) => row.source_name)).toEqual([null, null, null]);
    });
  });

  test("--variant image takes them as images", async () => {
    await withKit(async (kit) => {
      await write(kit, "in/a.png", "png");
      const path = await writeParquet(kit, "in/rows.parquet", "SELECT 'a.png' AS image_path");
      expect((await kit.plan(path)).key.variant).toBe("files");
      const plan = await kit.plan(path, { variant: "image" });
      expect(plan).toMatchObject({ contentKind: "image", key: { variant: "image" } });
    });
  });

  test("a file is copied, a read-only one too: its owner may change it later", async () => {
    await withKit(async (kit) => {
      const names = ["plain", "read-only"];
      const paths = await Promise.all(names.map((name) => write(kit, `in/${name}.png`, name)));
      await chmod(paths[1] ?? "", 0o444);
      const staged = await kit.stage(join(kit.folder, "in"));
      const layout = createUploadLayout(join(kit.lake.layout.pending, staged.manifest.upload_id));
      for (const [at, name] of names.entries()) {
        const content = await stat(layout.file(hash(name)).stagedAt);
        expect(content.ino).not.toBe((await stat(paths[at] ?? "")).ino);
        expect(content.mode & 0o777).toBe(0o444);
      }
    });
  });

  test("an image with a text file is mixed: the text stands beside it", async () => {
    await withKit(async (kit) => {
      await write(kit, "in/a.png", "png");
      await write(kit, "in/a.txt", "글자");
      await write(kit, "in/b.pdf", Uint8Array.from([0xff, 0xfe, 0x00]));
      const path = await writeParquet(
        kit,
        "in/rows.parquet",
        "SELECT unnest(['a.png', 'a.png', NULL]) AS image, unnest(['a.txt', 'b.pdf', 'a.txt']) AS file",
      );
      const { manifest, rows } = await kit.stage(path);
      expect(manifest).toMatchObject({ variant: "mixed", content: "image" });
      expect(rows.map((row) => row.file_text)).toEqual(["글자", null, "글자"]);
      expect(rows.map((row) => row.source_hash)).toEqual([hash("png"), hash("png"), null]);
      expect(rows.map((row) => row.__reject === null)).toEqual([true, false, true]);
    });
  });
});

test("an image that the lake already holds is not staged again", async () => {
  await withKit(async (kit) => {
    await write(kit, "in/a.png", "known");
    await write(kit, "in/b.png", "new");
    const key = { provider: "p", dataset: "d" };
    const { layout } = kit.lake;
    const asset = layout.asset(layout.assetPath(key, hash("known"), "png"));
    await mkdir(join(asset, ".."), { recursive: true });
    await writeFile(asset, "known");
    const { manifest, files } = await kit.stage(join(kit.folder, "in"));
    expect(manifest).toMatchObject({ contents: 2, staged_files: 1 });
    expect(files.map((path) => path.slice(3))).toEqual([hash("new")]);
  });
});

test("a dangling link in a folder of images costs its row", async () => {
  await withKit(async (kit) => {
    await write(kit, "in/a.png", "a");
    await symlink("/nowhere/at/all", join(kit.folder, "in/b.png"));
    const { rows } = await kit.stage(join(kit.folder, "in"));
    expect(rows.map((row) => row.__reject)).toEqual([null, "the file b.png does not exist"]);
  });
});

test("equal images of one upload are staged once", async () => {
  await withKit(async (kit) => {
    for (let n = 0; n < 20; n++) await write(kit, `in/${n}.png`, "same");
    const { manifest, rows } = await kit.stage(join(kit.folder, "in"));
    expect(manifest).toMatchObject({ rows: 20, contents: 1, staged_files: 1, staged_bytes: 4 });
    expect(new Set(rows.map((row) => row.source_name)).size).toBe(20);
  });
});

test("a Parquet file may hold its image column alone", async () => {
  await withKit(async (kit) => {
    for (const [name, select] of Object.entries({
      image: "SELECT 'a'::BLOB AS image UNION ALL SELECT NULL",
      image_bytes: "SELECT 'a'::BLOB AS image_bytes UNION ALL SELECT NULL",
    })) {
      const path = join(kit.folder, `${name}.parquet`);
      await kit.session.database.run(`COPY (${select}) TO '${path}' (FORMAT parquet)`);
      const { manifest, rows } = await kit.stage(path, { mode: "append" });
      expect(manifest).toMatchObject({ variant: "image", rows: 2, columns: [] });
      expect(rows.map((row) => row.source_hash)).toEqual([hash("a"), null]);
      expect(rows.map((row) => row.__reject)).toEqual([null, null]);
    }
  });
});

test("an image column whose pages do not decompress is damaged, in our words", async () => {
  await withKit(async (kit) => {
    const magics = { zstd: [0x28, 0xb5, 0x2f, 0xfd], gzip: [0x1f, 0x8b] };
    for (const [codec, magic] of Object.entries(magics)) {
      const select = "SELECT from_hex(repeat('0042', 5000)) AS image_bytes FROM range(3)";
      const path = await writeParquet(kit, `${codec}.parquet`, select, `, COMPRESSION ${codec}`);
      const bytes = await readFile(path);
      for (let at = bytes.indexOf(Buffer.from(magic)); at >= 0; at = bytes.indexOf(Buffer.from(magic)))
        bytes.fill(0, at, at + magic.length);
      await writeFile(path, bytes);
      await expect(kit.stage(path)).rejects.toMatchObject({ code: "corrupt" });
    }
  });
});
