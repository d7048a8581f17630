import { describe, expect, test } from "bun:test";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import { type ExportRequest, exportRows } from "../../src/export/export.ts";
import { EXPORT_FORMATS, findFormat } from "../../src/export/formats.ts";
import { manifestName } from "../../src/export/output-place.ts";
import { DuckDBClient } from "../../src/query/duckdb/client.ts";
import { commit, KEY, refresh, type Workbench, withLake } from "../catalog/lakes.ts";

const IMAGE = { ...KEY, variant: "image" };
const HASH = "ab".repeat(32);
const PATH = `provider=aihub/dataset=책/ab/ab/${HASH}.jpg`;
const ROWS = `SELECT * FROM (VALUES
  ('가', '${HASH}', '${PATH}', 4, 5, 'jpeg', 5::BIGINT, '쪽.jpg'),
  ('나', NULL, NULL, NULL, NULL, NULL, NULL, NULL)
) t(label, hash, path, width, height, format, bytes, source_name)`;

async function withImages(use: (bench: Workbench) => Promise<void>): Promise<void> {
  await withLake(async (bench) => {
    await commit(bench, "create", ROWS, IMAGE);
    await refresh(bench);
    const asset = bench.lake.layout.asset(PATH);
    await mkdir(dirname(asset), { recursive: true });
    await writeFile(asset, "image");
    await use(bench);
  });
}

function run(bench: Workbench, request: Partial<ExportRequest>, signal = new AbortController().signal) {
  const engine = new DuckDBClient({
    path: bench.lake.layout.catalogFile,
    scratch: join(bench.folder, "scratch"),
  });
  const output = join(bench.folder, "out");
  const whole: ExportRequest = {
    query: {},
    output,
    format: "arrow",
    images: "embed",
    skipMissing: false,
    ...request,
  };
  return exportRows(whole, {
    lake: bench.lake,
    engine,
    signal,
    taxonomy: async () => ({ tasks: {} }),
  }).finally(() => engine.close());
}

/** What lies in the folder of the outputs beside the lake's own folders. */
async function outputs({ folder }: Workbench): Promise<string[]> {
  return (await readdir(folder)).filter((name) => !["lake", "scratch", "cache"].includes(name));
}

async function readArrow(bench: Workbench, name: string) {
  const table = tableFromIPC(await readFile(join(bench.folder, "out", name)));
  return { table, rows: table.toArray().map((row) => row?.toJSON() as Record<string, unknown>) };
}

describe("images", () => {
  test("embed puts the asset's bytes and its name into the rows that have one", () =>
    withImages(async (bench) => {
      await run(bench, {});
      const { rows, table } = await readArrow(bench, "data.arrow");
      const image = rows[0]?.image as { bytes: Uint8Array; path: string };
      expect(Buffer.from(image.bytes).toString()).toBe("image");
      expect(image.path).toBe("쪽.jpg");
      expect(rows[1]?.image).toBeNull();
      expect(JSON.parse(table.schema.metadata.get("huggingface") ?? "").info.features.image).toEqual({
        _type: "Image",
      });
    }));

  test("reference names the asset in the lake and touches none", () =>
    withImages(async (bench) => {
      await rm(bench.lake.layout.asset(PATH));
      await run(bench, { images: "reference" });
      const { rows } = await readArrow(bench, "data.arrow");
      const image = rows[0]?.image as { bytes: null; path: string };
      expect(image.bytes).toBeNull();
      expect(image.path).toBe(bench.lake.layout.asset(PATH));
      expect(rows[1]?.image).toBeNull();
    }));

  test("none leaves the image column out", () =>
    withImages(async (bench) => {
      await run(bench, { images: "none" });
      const { rows } = await readArrow(bench, "data.arrow");
      expect(Object.keys(rows[0] ?? {})).not.toContain("image");
      expect(rows.map(({ label }) => label)).toEqual(["가", "나"]);
    }));

  test("a missing asset is an error that names the row, or a row left out", () =>
    withImages(async (bench) => {
      await rm(bench.lake.layout.asset(PATH));
      const failing = run(bench, {});
      expect(failing).rejects.toMatchObject({ code: "missing_asset", details: { row: 1, path: PATH } });
      await failing.catch(() => {});
      expect(await outputs(bench)).toEqual([]);
      const result = await run(bench, { skipMissing: true });
      expect(result).toMatchObject({ rows: 1, missing: 1 });
      expect((await readArrow(bench, "data.arrow")).rows.map(({ label }) => label)).toEqual(["나"]);
    }));
});

describe("the output", () => {
  test.each(EXPORT_FORMATS.map(({ name }) => name))(
    "of %s carries a manifest that its files agree with",
    (format) =>
      withImages(async (bench) => {
        const result = await run(bench, { format, query: { variants: ["image"] } });
        const name = manifestName(findFormat(format));
        const manifest = JSON.parse(await readFile(join(bench.folder, "out", name), "utf8"));
        expect(manifest).toMatchObject({
          // One of the rows has no page.
          rows: "openSamples" in findFormat(format) ? 1 : 2,
          images: "embed",
          catalog_generation: 1,
          selection: { variants: ["image"] },
        });
        expect(manifest.files.map(({ name }: { name: string }) => name)).toEqual(result.files);
        for (const { name, bytes, sha256 } of manifest.files) {
          const content = await readFile(join(bench.folder, "out", name));
          expect(content.length).toBe(bytes);
          expect(new Bun.CryptoHasher("sha256").update(content).digest("hex")).toBe(sha256);
        }
      }),
  );

  test.each(EXPORT_FORMATS.map(({ name }) => name))("of %s may have no rows", (format) =>
    withImages(async (bench) => {
      expect(await run(bench, { format, query: { limit: 0 } })).toMatchObject({ rows: 0 });
      expect((await outputs(bench)).sort()).toEqual(["out"]);
    }),
  );

  test("is one file when its name says so, with the manifest beside it", () =>
    withImages(async (bench) => {
      const { output } = await run(bench, { format: "parquet", output: join(bench.folder, "x.parquet") });
      expect(output).toBe(join(bench.folder, "x.parquet"));
      expect((await outputs(bench)).sort()).toEqual(["x.parquet", "x.parquet.manifest.json"]);
    }));

  test("is not made where a wish would be passed over", () =>
    withImages(async (bench) => {
      const prompt = { user: "?", answer: "ocr" } as const;
      for (const [format, samples] of [
        ["parquet", { sample_images: 2 }],
        ["parquet", { group_by: ["label"] }],
        ["coco", { group_by: ["label"] }],
        ["coco", { prompt }],
      ] as const)
        await expect(run(bench, { format, samples } as Partial<ExportRequest>)).rejects.toMatchObject({
          code: "usage",
        });
      expect(await outputs(bench)).toEqual([]);
      await run(bench, { format: "parquet", samples: {} });
    }));

  test("never takes the place of something", () =>
    withImages(async (bench) => {
      await writeFile(join(bench.folder, "out"), "mine");
      const refused = run(bench, {});
      expect(refused).rejects.toMatchObject({ code: "conflict" });
      await refused.catch(() => {});
      expect(await readFile(join(bench.folder, "out"), "utf8")).toBe("mine");
    }));

  test("takes an empty folder, but not for a file", () =>
    withImages(async (bench) => {
      await mkdir(join(bench.folder, "out"));
      expect(await run(bench, {})).toMatchObject({ rows: 2 });
      const file = join(bench.folder, "x.parquet");
      await mkdir(file);
      const refused = run(bench, { format: "parquet", output: file });
      expect(refused).rejects.toMatchObject({ code: "conflict" });
      await refused.catch(() => {});
      expect((await outputs(bench)).sort()).toEqual(["out", "x.parquet"]);
    }));

  test("makes the folders above it, and takes them back when it fails", () =>
    withImages(async (bench) => {
      const output = join(bench.folder, "a", "b", "out");
      expect(await run(bench, { output })).toMatchObject({ output, rows: 2 });
      await rm(bench.lake.layout.asset(PATH));
      const failing = run(bench, { output: join(bench.folder, "c", "d", "out") });
      expect(failing).rejects.toMatchObject({ code: "missing_asset" });
      await failing.catch(() => {});
      expect(await outputs(bench)).toEqual(["a"]);
    }));

  test("lies outside of the lake", () =>
    withImages(async (bench) => {
      const refused = run(bench, { output: join(bench.lake.root, "assets", "mine") });
      expect(refused).rejects.toMatchObject({ code: "usage" });
      await refused.catch(() => {});
    }));

  test("is not there at all when it was cancelled", () =>
    withImages(async (bench) => {
      const abort = new AbortController();
      abort.abort();
      const stopped = run(bench, {}, abort.signal);
      expect(stopped).rejects.toMatchObject({ code: "cancelled" });
      await stopped.catch(() => {});
      expect(await outputs(bench)).toEqual([]);
    }));
});

test("a column of the rows that is called image keeps its name", () =>
  withLake(async (bench) => {
    await commit(bench, "create", `SELECT *, 'mine' AS image FROM (${ROWS})`, IMAGE);
    await refresh(bench);
    await run(bench, { images: "reference" });
    const { rows } = await readArrow(bench, "data.arrow");
    expect(rows[0]).toMatchObject({ image: "mine", image_: { path: bench.lake.layout.asset(PATH) } });
  }));

test("the same rows give the same bytes", () =>
  withImages(async (bench) => {
    const hashes = [];
    const fingerprints = new Set<string>();
    for (const name of ["one", "two"]) {
      await run(bench, { format: "dataset", output: join(bench.folder, name) });
      const manifest = JSON.parse(await readFile(join(bench.folder, name, "manifest.json"), "utf8"));
      hashes.push(manifest.files.map(({ sha256 }: { sha256: string }) => sha256));
    }
    expect(hashes[0]).toEqual(hashes[1]);
    await run(bench, { format: "dataset", images: "none", output: join(bench.folder, "three") });
    for (const name of ["one", "two", "three"]) {
      const state = JSON.parse(await readFile(join(bench.folder, name, "state.json"), "utf8"));
      expect(state._fingerprint).toMatch(/^[0-9a-f]{16}$/);
      fingerprints.add(state._fingerprint);
    }
    expect(fingerprints.size).toBe(2);
  }));

test("a large selection is cut into batches of some thousand rows", () =>
  withLake(async (bench) => {
    await commit(bench, "create", "SELECT range AS n FROM range(5000)");
    await refresh(bench);
    await run(bench, {});
    const { table } = await readArrow(bench, "data.arrow");
    expect(Math.max(...table.batches.map(({ numRows }) => numRows))).toBeLessThanOrEqual(2048);
    expect(table.getChild("n")?.get(4999)).toBe(4999n);
  }));

test("images are embedded 100 rows at a time, and rows without theirs are left out wherever they stand", () =>
  withLake(async (bench) => {
    const path = (n: number) => `provider=aihub/dataset=책/00/${n}.jpg`;
    await commit(
      bench,
      "create",
      "SELECT 'provider=aihub/dataset=책/00/' || range || '.jpg' AS path, 1 AS width, range AS n FROM range(250)",
      IMAGE,
    );
    await refresh(bench);
    await mkdir(dirname(bench.lake.layout.asset(path(0))), { recursive: true });
    const gone = new Set([0, 99, 100, 150, 249]);
    for (let n = 0; n < 250; n++) {
      if (!gone.has(n)) await writeFile(bench.lake.layout.asset(path(n)), `image ${n}`.repeat(n));
    }
    const result = await run(bench, { skipMissing: true });
    expect(result).toMatchObject({ rows: 245, missing: 5 });
    const { table, rows } = await readArrow(bench, "data.arrow");
    expect(Math.max(...table.batches.map(({ numRows }) => numRows))).toBeLessThanOrEqual(100);
    for (const { n, image } of rows) {
      const bytes = (image as { bytes: Uint8Array }).bytes;
      expect(Buffer.from(bytes).toString()).toBe(`image ${n}`.repeat(Number(n)));
      expect(gone.has(Number(n))).toBe(false);
    }
  }));
