import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createProgram, type Program } from "./program.ts";
import { runPython } from "./python.ts";

setDefaultTimeout(300_000); // four Pythons start, on a machine that may be busy elsewhere

const ENVIRONMENTS = ["datasets-2.14", "datasets-3.6", "datasets-4", "datasets-newest"];
const MODES = ["embed", "reference", "none"] as const;

type Row = Record<string, unknown>;

interface Expected {
  scans: { source_name: string; size: [number, number] }[];
  labels: Row[];
  text: Row[];
  names: string[];
  /** Sizes of the images of each column, row by row; of lists those of each element. */
  pairs: Record<string, unknown[]>;
}

interface Seen {
  len: number;
  features: Record<string, unknown>;
  rows: Row[];
  pandas: Row[];
  mapped?: [number, string[], number];
  reloaded?: number;
  sizes?: ([number, number] | null)[];
  decoded: Record<string, unknown[]>;
}

let folder: string;
let program: Program;
let expected: Expected;

const SELECTIONS: Record<string, string[]> = {
  ocr: ["--task", "ocr"],
  raw: ["--dataset", "영수증", "--task", "raw", "--variant", "image"],
  text: ["--dataset", "글"],
  pairs: ["--dataset", "쌍"],
  all: [],
  zero: ["--task", "ocr", "--limit", "0"],
};

/** What is downloaded: a name, the selection, the output's ending, how images come. */
const OUTPUTS = [
  ...MODES.flatMap((images) => ["", ".parquet", ".arrow"].map((ending) => ({ of: "ocr", ending, images }))),
  ...["text", "zero"].flatMap((of) =>
    ["", ".parquet", ".arrow"].map((ending) => ({ of, ending, images: "embed" as const })),
  ),
  { of: "raw", ending: "", images: "embed" as const },
  { of: "pairs", ending: "", images: "embed" as const },
  { of: "pairs", ending: "", images: "reference" as const },
  { of: "pairs", ending: ".parquet", images: "embed" as const },
  { of: "all", ending: "", images: "reference" as const },
];

const nameOf = ({ of, ending, images }: (typeof OUTPUTS)[number]) => `${of}-${images}${ending}`;
const namesOf = (...endings: string[]) =>
  OUTPUTS.filter(({ ending }) => endings.includes(ending)).map(nameOf);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "datalake-exports-"));
  program = createProgram(folder);
  await runPython("datasets-newest", "make_exports.py", folder);
  expected = JSON.parse(await readFile(join(folder, "expected.json"), "utf8"));
  const at = ["--provider", "aihub", "--dataset"];
  await program.run("init");
  await program.run("config", "provider", "create", "aihub", "--description", "test data");
  await program.run("config", "task", "create", "ocr", "--required", "lang", "--allow", "lang=ko,en");
  await program.run("upload", "scans", "--type", "raw", ...at, "영수증");
  await program.run("upload", "text.parquet", "--type", "raw", ...at, "글");
  await program.run("upload", "pairs", "--type", "raw", ...at, "쌍");
  const labels = ["--task", "ocr", "--variant", "words", "--meta", "lang=ko"];
  await program.run("upload", "labels.jsonl", "--type", "task", ...at, "영수증", ...labels);
  await program.run("process", "start", "--wait");
  for (const output of OUTPUTS) {
    const { of, ending, images } = output;
    const shape = ["--format", ending === "" ? "dataset" : ending.slice(1), "--images", images];
    await program.run("download", ...(SELECTIONS[of] ?? []), "--output", nameOf(output), ...shape);
  }
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** The rows with only the columns that `like` has. */
function pick(rows: readonly Row[], like: Row): Row[] {
  return rows.map((row) => Object.fromEntries(Object.keys(like).map((name) => [name, row[name]])));
}

/** The images are those of the rows: their bytes hash to what the row says, or the path leads to the asset. */
async function expectImages(rows: readonly Row[], images: string): Promise<void> {
  for (const row of rows) {
    const image = row.image as { bytes: string | null; path: string } | undefined;
    if (images === "none") expect(image).toBeUndefined();
    if (images === "embed") expect(image).toEqual({ bytes: row.hash as string, path: nameIn(row) });
    if (images === "reference") {
      expect(image).toEqual({ bytes: null, path: join(program.lake, "assets", String(row.path)) });
      const asset = await Bun.file(image?.path ?? "").bytes();
      expect(new Bun.CryptoHasher("sha256").update(asset).digest("hex")).toBe(String(row.hash));
    }
  }
}

const nameIn = (row: Row) => basename(String(row.source_name));

function expectLabels(rows: readonly Row[]): void {
  expect(pick(rows, expected.labels[0] as Row)).toEqual(expected.labels);
  expect(rows.map(({ width, height }) => [width, height])).toEqual(expected.scans.map(({ size }) => size));
  for (const row of rows) {
    expect(row).toMatchObject({
      provider: "aihub",
      dataset: "영수증",
      task: "ocr",
      variant: "words",
      lang: "ko",
    });
  }
}

for (const environment of ENVIRONMENTS) {
  describe(environment, () => {
    let seen: Record<string, Seen>;
    let joined: { names: string[]; sizes: [number, number][] };
    const of = (name: string) => seen[name] as Seen;

    beforeAll(async () => {
      const outputs = [...namesOf(""), "ocr-embed.parquet", "text-embed.parquet", "pairs-embed.parquet"];
      const paths = outputs.map((name) => join(folder, name));
      const printed = JSON.parse(await runPython(environment, "check_dataset.py", ...paths));
      seen = Object.fromEntries(outputs.map((name, at) => [name, printed.outputs[paths[at] as string]]));
      joined = printed.joined;
    });

    for (const images of MODES) {
      test(`labels come with their values, images: ${images}`, async () => {
        const { rows, pandas, features, sizes } = of(`ocr-${images}`);
        expectLabels(rows);
        expectLabels(pandas);
        await expectImages(rows, images);
        expect(features).toMatchObject({ label: "string", page: "int64", lines: ["string"], lang: "string" });
        expect(features.image).toBe(images === "none" ? undefined : "image");
        expect(sizes).toEqual(images === "none" ? undefined : expected.scans.map(({ size }) => size));
      });
    }

    test("raw images decode with the size they are seen in", async () => {
      const { rows, sizes } = of("raw-embed");
      const known = new Map(expected.scans.map(({ source_name, size }) => [source_name, size]));
      expect(rows.map((row) => row.source_name as string).sort()).toEqual([...known.keys()].sort());
      expect(sizes).toEqual(rows.map((row) => known.get(String(row.source_name)) ?? null));
      await expectImages(rows, "embed");
    });

    for (const name of ["pairs-embed", "pairs-reference", "pairs-embed.parquet"]) {
      test(`${name} gives several images a row back, and nulls`, () => {
        const { rows, features, decoded } = of(name);
        expect(features).toMatchObject({ image: "image", mask: "image", views: ["image"], n: "int32" });
        expect(decoded).toEqual(expected.pairs);
        expect(rows.map(({ n }) => n)).toEqual([0, 1, 2]);
        if (name === "pairs-reference") return;
        const bytes = (column: string) => rows.map((row) => (row[column] as Row | null)?.bytes ?? null);
        expect(bytes("image")).toEqual(rows.map((row) => row.hash ?? null));
        expect(bytes("mask")).toEqual(rows.map((row) => row.mask_hash ?? null));
      });
    }

    for (const name of ["text-embed", "text-embed.parquet"]) {
      test(`${name} gives every type back as it was uploaded`, () => {
        const { rows, pandas, features } = of(name);
        expect(pick(rows, expected.text[0] as Row)).toEqual(expected.text);
        expect(pick(pandas, expected.text[0] as Row)).toEqual(expected.text);
        expect(features).toMatchObject({
          id: "int64",
          text: "string",
          category: { names: expected.names },
          tags: ["string"],
          boxes: [["int32"]],
          at: "timestamp[us]",
          day: "date32",
          score: "float64",
          small: "int32",
          flag: "bool",
        });
      });
    }

    test("a Parquet file is loaded with its images", async () => {
      const { rows, features, sizes } = of("ocr-embed.parquet");
      expectLabels(rows);
      await expectImages(rows, "embed");
      expect(features.image).toBe("image");
      expect(sizes).toEqual(expected.scans.map(({ size }) => size));
    });

    test("several partitions in one dataset keep what each has", () => {
      const { rows, features } = of("all-reference");
      const pairs = expected.pairs.mask?.length ?? 0;
      expect(rows).toHaveLength(expected.text.length + 2 * expected.scans.length + pairs);
      expect(features).toMatchObject({
        image: "image",
        category: { names: expected.names },
        label: "string",
      });
      const text = rows.filter(({ dataset }) => dataset === "글");
      expect(pick(text, expected.text[0] as Row)).toEqual(expected.text);
      expect(text.every(({ image, label }) => image === null && label === null)).toBe(true);
      expect(
        pick(
          rows.filter(({ task }) => task === "ocr"),
          expected.labels[0] as Row,
        ),
      ).toEqual(expected.labels);
    });

    test("no rows are a dataset too, with its columns", () => {
      // Not as Parquet: `datasets` refuses its own empty files too.
      expect(of("zero-embed")).toMatchObject({ len: 0, rows: [] });
      expect(of("zero-embed").features).toEqual(of("ocr-embed").features);
    });

    test("two exports are concatenated, one with bytes and one with paths", () => {
      const scans = [...expected.scans, ...expected.scans];
      expect(joined.names).toEqual(scans.map(({ source_name }) => source_name));
      expect(joined.sizes).toEqual(scans.map(({ size }) => size));
    });

    test("map works, and leaves the dataset loadable", () => {
      for (const [name, { len, mapped, reloaded }] of Object.entries(seen)) {
        if (len > 0) expect(mapped, name).toEqual([len, ["mapped"], len - 1]);
        if (len > 0 && !name.endsWith(".parquet")) expect(reloaded, name).toBe(len);
      }
    });
  });
}

describe("files in other libraries", () => {
  let tables: Record<string, Record<string, Row[]>>;

  beforeAll(async () => {
    const paths = namesOf(".parquet", ".arrow").map((name) => join(folder, name));
    const printed = JSON.parse(await runPython("tools", "check_tables.py", ...paths));
    tables = Object.fromEntries(paths.map((path) => [basename(path), printed[path]]));
  });

  for (const name of namesOf(".parquet", ".arrow")) {
    test(`${name} has the same values everywhere`, async () => {
      const libraries = Object.entries(tables[name] ?? {});
      expect(libraries.map(([library]) => library)).toEqual(
        expect.arrayContaining(["pyarrow", "pandas", "polars", "duckdb"]),
      );
      for (const [, rows] of libraries) {
        if (name.startsWith("zero")) expect(rows).toEqual([]);
        else if (name.startsWith("pairs")) expect(rows.map(({ n }) => n)).toEqual([0, 1, 2]);
        else if (name.startsWith("text")) expect(pick(rows, expected.text[0] as Row)).toEqual(expected.text);
        else {
          expectLabels(rows);
          await expectImages(rows, name.replace(/^ocr-|\.\w+$/g, ""));
        }
      }
    });
  }
});

for (const environment of ["tools", "duckdb-1.4"]) {
  test(`the catalog opens in the DuckDB of ${environment} and counts what the command line says`, async () => {
    const { partitions } = JSON.parse(await program.run("catalog", "partitions", "--json"));
    const known = partitions.map(({ provider, dataset, task, variant, rows }: Row) => [
      provider,
      dataset,
      task,
      variant,
      rows,
    ]);
    const catalog = join(program.lake, "catalog.duckdb");
    const { counted, listed, text } = JSON.parse(await runPython(environment, "check_catalog.py", catalog));
    expect(counted).toHaveLength(4);
    expect(counted.toSorted()).toEqual(known.toSorted());
    expect(listed).toEqual(counted);
    expect(text).toEqual([[expected.text[0]?.text]]);
  });
}
