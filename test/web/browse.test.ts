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

/** Chunks of a million rows, of which each request waits until it is answered. */
function watchedChunks() {
  const asked: [at: number, count: number][] = [];
  const aborted: number[] = [];
  const shown: number[] = [];
  const failed: unknown[] = [];
  const waiting = new Map<number, PromiseWithResolvers<BrowseDocument>>();
  const documentOf = (at: number, count: number): BrowseDocument => {
    const rows = Array.from({ length: count }, (_, index) => ({ key: String(at + index) }) as BrowseRow);
    return { generation: 1, total: 1_000_000, at, rows };
  };
  const chunks = createRowChunks({
    fetchRows: (at, count, signal) => {
      asked.push([at, count]);
      signal.addEventListener("abort", () => aborted.push(at));
      const answer = Promise.withResolvers<BrowseDocument>();
      waiting.set(at, answer);
      return answer.promise;
    },
    onRows: ({ at }) => shown.push(at),
    onFailure: (failure) => failed.push(failure),
    whenIdle: (work) => work(),
  });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const answer = async (at: number) => {
    waiting.get(at)?.resolve(documentOf(at, asked.findLast(([one]) => one === at)?.[1] ?? 0));
    await settled();
  };
  const fail = async (at: number) => {
    waiting.get(at)?.reject(new Error("lost"));
    await settled();
  };
  return { chunks, asked, aborted, shown, failed, answer, fail };
}

test("rows in view are fetched by one request, once, and those scrolled past no longer", async () => {
  const { chunks, asked, aborted, answer } = watchedChunks();
  chunks.need(0, 30);
  chunks.need(10, 65);
  expect(asked).toEqual([
    [0, 30],
    [30, 40],
  ]);
  chunks.need(600_005, 600_035);
  expect(aborted).toEqual([0, 30]);
  expect(asked.slice(2)).toEqual([[600_000, 40]]);
  await answer(600_000);
  await answer(0);
  expect(chunks.rowAt(600_001)?.key).toBe("600001");
  expect(chunks.rowAt(0)).toBeUndefined();
  chunks.need(600_010, 600_040);
  expect(asked.slice(3)).toEqual([[600_040, 40]]); // what is below the view, before it is needed
});

test("what comes next is fetched when the view is there, on the side to which it moves, and told when it is seen", async () => {
  const { chunks, asked, shown, failed, answer, fail } = watchedChunks();
  chunks.need(500, 520);
  await answer(500);
  expect(asked.splice(0)).toEqual([
    [500, 20],
    [520, 20],
  ]);
  await answer(520);
  expect(shown).toEqual([500]);
  chunks.need(510, 530);
  expect(asked).toEqual([]);
  chunks.need(520, 540);
  expect(asked.splice(0)).toEqual([[540, 20]]);
  await answer(540);
  chunks.need(500, 520);
  expect(asked.splice(0)).toEqual([[480, 20]]);
  await fail(480);
  expect(failed).toEqual([]);
  chunks.need(480, 500);
  expect(asked.splice(0)).toEqual([[480, 20]]);
  await fail(480);
  expect(failed.length).toBe(1);
});

test("nothing is asked for beyond the last row, and of a large view in parts", async () => {
  const { chunks, asked, answer } = watchedChunks();
  chunks.need(999_980, 1_000_000);
  await answer(999_980);
  expect(asked.length).toBe(1);
  chunks.need(0, 500);
  expect(asked.slice(1)).toEqual([
    [0, 240],
    [240, 240],
    [480, 20],
  ]);
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
