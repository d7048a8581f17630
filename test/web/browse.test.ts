import { expect, test } from "bun:test";
import type { BrowseDocument, BrowseRow } from "../../src/schema/page-documents.ts";
import { countFacets } from "../../src/web/screens/browse/facets.ts";
import { createRowChunks } from "../../src/web/screens/browse/row-chunks.ts";

const partition = (provider: string, dataset: string, task: string, variant: string, rows: number) => ({
  ...{ provider, dataset, task, variant, rows },
  ...{ bytes: 1, version: 1, uploaded_by: "", uploaded_at: null },
});
const PARTITIONS = [
  partition("a", "x", "raw", "image", 10),
  partition("a", "x", "ocr", "v1", 5),
  partition("b", "y", "ocr", "v1", 7),
];

test("a facet counts what choosing one of its values shows, with what else is chosen", () => {
  const facets = countFacets(PARTITIONS, { providers: [], datasets: ["x"], tasks: ["ocr"], variants: [] });
  expect(facets.datasets).toEqual([
    { name: "x", rows: 5, isChosen: true },
    { name: "y", rows: 7, isChosen: false },
  ]);
  expect(facets.tasks.map(({ name, rows }) => [name, rows])).toEqual([
    ["ocr", 5],
    ["raw", 10],
  ]);
  expect(facets.providers.map(({ name }) => name)).toEqual(["a"]);
});

test("a chosen value that no longer exists can still be taken away", () => {
  const { datasets } = countFacets(PARTITIONS, {
    providers: [],
    datasets: ["gone"],
    tasks: [],
    variants: [],
  });
  expect(datasets[0]).toEqual({ name: "gone", rows: 0, isChosen: true });
});

test("rows are fetched in chunks once, and those scrolled past no longer", async () => {
  const asked: number[] = [];
  const aborted: number[] = [];
  const waiting = new Map<number, () => void>();
  const chunks = createRowChunks({
    fetchRows: (at, count, signal) => {
      asked.push(at);
      signal.addEventListener("abort", () => aborted.push(at));
      const rows = Array.from({ length: count }, (_, index) => ({ key: String(at + index) }) as BrowseRow);
      const document: BrowseDocument = { generation: 1, total: 1_000_000, at, rows };
      return new Promise((resolve) => waiting.set(at, () => resolve(document)));
    },
    onRows: () => {},
    onFailure: (failure) => {
      throw failure;
    },
  });
  chunks.need(0, 30);
  chunks.need(10, 70);
  expect(asked).toEqual([0, 60]);
  chunks.need(600_000, 600_030);
  expect(aborted).toEqual([0, 60]);
  waiting.get(600_000)?.();
  waiting.get(0)?.();
  await Promise.resolve();
  await Promise.resolve();
  expect(chunks.rowAt(600_001)?.key).toBe("600001");
  expect(chunks.rowAt(0)).toBeUndefined();
  chunks.need(600_010, 600_040);
  expect(asked).toEqual([0, 60, 600_000]);
});
