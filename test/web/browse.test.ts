import { expect, test } from "bun:test";
import fc from "fast-check";
import type { BrowseDocument, BrowseRow } from "../../src/schema/page-documents.ts";
import { countFacets } from "../../src/web/screens/browse/facets.ts";
import { filterFacets } from "../../src/web/screens/browse/filter-facets.ts";
import { createRowChunks } from "../../src/web/screens/browse/row-chunks.ts";
import { filterText, readFilter, toggleFilter } from "../../src/web/state/filters.ts";

const partition = (provider: string, dataset: string, task: string, variant: string, rows: number) => ({
  ...{ provider, dataset, task, variant, rows },
  ...{ bytes: 1, version: 1, uploaded_by: "", uploaded_at: null, license: "" },
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

test("a filter that is toggled twice is as it was, whatever its name and value hold", () => {
  const filter = fc.record({ name: fc.stringMatching(/^[a-z._]{1,9}$/), value: fc.string() });
  fc.assert(
    fc.property(fc.uniqueArray(filter, { selector: filterText }), filter, (held, one) => {
      const where = held.map(filterText).filter((text) => text !== filterText(one));
      expect(readFilter(filterText(one))).toEqual(one);
      const once = toggleFilter(where, one);
      expect(once).toContain(filterText(one));
      expect(toggleFilter(once, one)).toEqual(where);
    }),
  );
});

test("facets show what rows have and what is chosen; of texts, whether there are any", () => {
  const bars = [
    {
      name: "lang",
      bars: [
        { value: "ko", rows: 7 },
        { value: "en", rows: 2 },
      ],
    },
    { name: "format", bars: [{ value: "jpeg", rows: 9 }] },
    {
      name: "label.characters",
      bars: [
        { value: "0..1", rows: 3 },
        { value: "1..10", rows: 4 },
        { value: "10..", rows: 2 },
      ],
    },
  ];
  expect(filterFacets(bars, ["lang=fr", "label.characters=1..", "src=real"])).toEqual([
    {
      name: "lang",
      values: [
        { name: "ko", rows: 7, isChosen: false },
        { name: "en", rows: 2, isChosen: false },
        { name: "fr", rows: 0, isChosen: true },
      ],
    },
    {
      name: "label.characters",
      values: [
        { name: "1..", rows: 6, isChosen: true },
        { name: "0..1", rows: 3, isChosen: false },
      ],
    },
    { name: "src", values: [{ name: "real", rows: 0, isChosen: true }] },
  ]);
});
