/** Rows for formats of samples, made without a catalog: pages that are one image each, and their labels. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type RecordBatch, tableFromArrays, Utf8, vectorFromArray } from "apache-arrow";
import { findFormat, type SampleFormat } from "../../src/export/formats.ts";
import type { ImageMode } from "../../src/export/image-mode.ts";
import { type ExportedSamples, exportSamples } from "../../src/export/samples/export-samples.ts";
import { initLake, type Lake } from "../../src/lake/lake.ts";
import type { GivenView } from "../../src/schema/labels/given-view.ts";
import type { RowResult } from "../../src/schema/query.ts";
import type { SampleWishes } from "../../src/schema/samples.ts";
import { sha256 } from "../jobs/staging-kit.ts";

export interface PageRow {
  bytes: Uint8Array;
  /** As the row says it; what the bytes say is of no matter to most formats. */
  width: number;
  height: number;
  format?: string;
  orientation?: number;
  sourceName: string;
  label: unknown;
  /** Further columns, or other values of these; `images_...` are lists, as JSON. */
  more?: Record<string, string | null>;
  /** Rows of a variant come together. */
  variant?: string;
}

export async function makeKit() {
  const folder = await mkdtemp(join(tmpdir(), "datalake-samples-"));
  const { lake } = await initLake(join(folder, "lake"));
  let outputs = 0;
  return {
    folder,
    lake,
    /** Writes the rows; gives the output and what it counts. */
    run: async (
      name: string,
      rows: readonly PageRow[],
      view: GivenView | undefined,
      more: Partial<RunOptions> = {},
    ) => {
      const output = join(folder, `out-${outputs++}`);
      await mkdir(output);
      const result = resultOf(await store(lake, rows), rows);
      if (more.damage) await rm(join(lake.root, "assets"), { recursive: true });
      const written: ExportedSamples = await exportSamples({
        format: findFormat(name) as SampleFormat,
        rows: result,
        lake,
        images: more.images ?? "embed",
        skipMissing: false,
        wishes: { group_by: [], sample_images: 0, ...(view && { view }), ...more.wishes },
        folder: output,
        finalFolder: output,
        viewOf: () => undefined,
        again: async () => resultOf(await store(lake, rows), rows),
        signal: new AbortController().signal,
        onRows: () => {},
        onMissing: () => {},
      });
      return { output, ...written };
    },
  };
}

interface RunOptions {
  images: ImageMode;
  wishes: Partial<SampleWishes>;
  /** Remove the images before they are read. */
  damage: boolean;
}

const EXTENSIONS: Record<string, string> = { jpeg: "jpg" };

/** Puts the images where assets are; gives their paths. */
async function store(lake: Lake, rows: readonly PageRow[]): Promise<string[]> {
  const paths: string[] = [];
  for (const { bytes, format = "jpeg" } of rows) {
    const hash = sha256(bytes);
    const path = `provider=p/dataset=d/${hash.slice(0, 2)}/${hash.slice(2, 4)}/${hash}.${EXTENSIONS[format] ?? format}`;
    await mkdir(dirname(lake.layout.asset(path)), { recursive: true });
    await writeFile(lake.layout.asset(path), bytes);
    paths.push(path);
  }
  return paths;
}

function resultOf(paths: readonly string[], rows: readonly PageRow[]): RowResult {
  const more = [...new Set(rows.flatMap((row) => Object.keys(row.more ?? {})))];
  const numbers = (values: (number | undefined)[]) => values.map((value) => String(value ?? 1));
  const columns: Record<string, (string | null)[]> = {
    source_name: rows.map(({ sourceName }) => sourceName),
    label: rows.map(({ label }) => (typeof label === "string" ? label : JSON.stringify(label))),
    path: [...paths],
    hash: rows.map(({ bytes }) => sha256(bytes)),
    source_hash: rows.map(({ bytes }) => sha256(bytes)),
    format: rows.map(({ format = "jpeg" }) => format),
    width: numbers(rows.map(({ width }) => width)),
    height: numbers(rows.map(({ height }) => height)),
    bytes: numbers(rows.map(({ bytes }) => bytes.length)),
    orientation: numbers(rows.map(({ orientation }) => orientation)),
  };
  for (const name of more) {
    const values = columns[name];
    columns[name] = rows.map((row, at) =>
      row.more?.[name] !== undefined ? row.more[name] : (values?.[at] ?? ""),
    );
  }
  const vectors = Object.fromEntries(
    Object.entries(columns).map(([name, values]) => [name, vectorFromArray(values, new Utf8())]),
  );
  const table = tableFromArrays(vectors as never);
  const batches = (async function* (): AsyncGenerator<RecordBatch> {
    yield* table.batches as unknown as RecordBatch[];
  })();
  const variants = Map.groupBy(rows, ({ variant }) => variant ?? "v");
  const partitions = Array.from(variants, ([variant, some]) => {
    return { provider: "p", dataset: "d", task: "ocr", variant, rows: some.length };
  });
  return {
    columns: Object.keys(columns).map((name) => ({
      name,
      type: name.startsWith("images_") ? "VARCHAR[]" : "VARCHAR",
    })),
    schema: table.schema,
    features: {},
    batches,
    rowCount: rows.length,
    matchCount: rows.length,
    partitions,
    generation: 1,
  } as unknown as RowResult;
}
