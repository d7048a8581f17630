import { expect, test } from "bun:test";
import type { CatalogPartition } from "../../src/schema/catalog-documents.ts";
import { labelSets } from "../../src/web/screens/compare/label-sets.ts";

const partition = (task: string, variant: string, uploaded_at: string | null) =>
  ({ provider: "hub", dataset: "영수증", task, variant, uploaded_at }) as CatalogPartition;

test("the newest variant is compared to the one before, whatever they are called", () => {
  const sets = labelSets([
    partition("raw", "image", "2026-11-01T00:00:00Z"),
    partition("raw", "text", "2026-11-02T00:00:00Z"),
    partition("ocr", "a-second", "2026-11-04T00:00:00Z"),
    partition("ocr", "b-third", "2026-11-05T00:00:00Z"),
    partition("ocr", "c-first", "2026-11-03T00:00:00Z"),
    partition("ocr", "d-unknown", null),
    partition("layout", "alone", "2026-11-05T00:00:00Z"),
  ]);
  expect(sets).toEqual([
    {
      ...{ provider: "hub", dataset: "영수증", task: "ocr" },
      variants: ["a-second", "b-third", "c-first", "d-unknown"],
      newest: ["a-second", "b-third"],
    },
  ]);
});
