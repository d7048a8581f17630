import { expect, test } from "bun:test";
import { tableFromArrays, Utf8, vectorFromArray } from "apache-arrow";
import { splitterOf } from "../../src/export/samples/splitter.ts";
import type { RowResult } from "../../src/schema/query.ts";

type Row = Record<string, string>;

function resultOf(rows: readonly Row[]): RowResult {
  const names = Object.keys(rows[0] ?? {});
  const vectors = names.map((name) => [
    name,
    vectorFromArray(
      rows.map((row) => row[name]),
      new Utf8(),
    ),
  ]);
  const { batches } = tableFromArrays(Object.fromEntries(vectors));
  return {
    columns: names.map((name) => ({ name, type: name.startsWith("images_") ? "VARCHAR[]" : "VARCHAR" })),
    batches,
  } as unknown as RowResult;
}

/** The part of each row, in their order. */
async function partsOf(rows: readonly Row[], groupBy: string[] = []): Promise<string[]> {
  const splitOf = await splitterOf({
    wishes: { split: { train: 0.5, test: 0.5 }, group_by: groupBy, sample_images: 0 },
    rows: resultOf(rows),
    again: async () => resultOf(rows),
    signal: new AbortController().signal,
  });
  return rows.map((row) => splitOf?.((name) => row[name]) ?? "");
}

const pages = (count: number, make: (document: number, page: number) => Row) =>
  Array.from({ length: count }, (_, document) => [1, 2, 3].map((page) => make(document, page))).flat();

/** Distinct parts of each document's three pages. */
const perDocument = (parts: readonly string[]) =>
  Array.from({ length: parts.length / 3 }, (_, at) => new Set(parts.slice(at * 3, at * 3 + 3)).size);

const place = { provider: "hub", dataset: "계약" };

test("labels of the pages of one document stay together, though they have no column of it", async () => {
  const parts = await partsOf(
    pages(40, (document, page) => ({
      ...place,
      source_name: `스캔/${document}.pdf#page=${page}`,
      hash: `${document}-${page}`,
    })),
  );
  expect(perDocument(parts)).toEqual(Array(40).fill(1));
  expect(new Set(parts).size).toBe(2);
});

test("images that are no pages of a document fall by themselves, and the same way as raw data and as labels", async () => {
  const named = pages(40, (document, page) => ({
    ...place,
    source_name: `${document}/${page}.jpg`,
    hash: `${document}-${page}`,
  }));
  const labels = await partsOf(named);
  const raw = await partsOf(named.map((row) => ({ ...row, document: "" })));
  expect(raw).toEqual(labels);
  expect(perDocument(labels).some((parts) => parts > 1)).toBe(true);
});

test("documents of one name in two datasets are two", async () => {
  const parts = await partsOf(
    Array.from({ length: 60 }, (_, at) => ({
      ...place,
      dataset: `d${at}`,
      source_name: "a.pdf#page=1",
      hash: `${at}`,
    })),
  );
  expect(new Set(parts).size).toBe(2);
});

test("what a person names keeps rows together before anything else", async () => {
  const rows = pages(30, (document, page) => ({
    ...place,
    writer: `${page}`,
    source_name: `${document}/${page}.jpg`,
    hash: `${document}-${page}`,
  }));
  const parts = await partsOf(rows, ["writer"]);
  for (const writer of ["1", "2", "3"])
    expect(new Set(parts.filter((_, at) => rows[at]?.writer === writer)).size).toBe(1);
});

test("rows that share a page among several stay together, and so do those of pages of one document", async () => {
  const images = (hashes: readonly string[], names: readonly string[]) => ({
    ...place,
    ...Object.fromEntries(
      ["path", "width", "height", "format", "bytes", "source_hash"].map((fact) => [`images_${fact}`, "[]"]),
    ),
    images_hash: JSON.stringify(hashes),
    images_source_name: JSON.stringify(names),
  });
  const byPage = await partsOf(
    pages(40, (document, page) => images([`${document}-${page}`, `all of ${document}`], ["a.jpg", "b.jpg"])),
  );
  expect(perDocument(byPage)).toEqual(Array(40).fill(1));
  expect(new Set(byPage).size).toBe(2);
  const byDocument = await partsOf(
    pages(40, (document, page) => images([`${document}-${page}`], [`${document}.pdf#page=${page}`])),
  );
  expect(perDocument(byDocument)).toEqual(Array(40).fill(1));
  expect(new Set(byDocument).size).toBe(2);
});

test("a page of its own row is the same page among the images of another", async () => {
  const facts = ["hash", "path", "width", "height", "format", "bytes", "source_hash"];
  const rows = pages(40, (document, page) => ({
    ...Object.fromEntries(facts.map((fact) => [`images_${fact}`, "[]"])),
    hash: page === 1 ? `${document}` : "",
    images_hash: page === 1 ? "[]" : JSON.stringify([`${document}-${page}`, `${document}`]),
  }));
  expect(perDocument(await partsOf(rows))).toEqual(Array(40).fill(1));
});
