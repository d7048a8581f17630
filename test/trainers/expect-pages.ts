import { expect } from "bun:test";
import { type ExpectedPage, type SeenPage, stemOf } from "./kit.ts";

interface Terms {
  /** Of the page's longer side: what rounding may cost, in parts. */
  within?: number;
  /** The order of pages is that of the rows; else they are found by their names. */
  inOrder?: boolean;
}

/** The trainer sees the pages of the rows, in their size, with their boxes, texts and categories. */
export function expectPages(
  seen: readonly SeenPage[],
  expected: readonly ExpectedPage[],
  terms: Terms = {},
): void {
  expect(seen).toHaveLength(expected.length);
  for (const [at, page] of expected.entries()) {
    const found = terms.inOrder
      ? seen[at]
      : seen.find((one) => stemOf(one.page ?? "").slice(0, 20) === page.stem.slice(0, 20));
    expect([page.stem, found?.size]).toEqual([page.stem, page.size]);
    if (found?.texts !== undefined) expect([page.stem, found.texts]).toEqual([page.stem, page.texts]);
    if (found?.categories !== undefined) expect(found.categories).toEqual(page.categories);
    if (found?.boxes === undefined) continue;
    expect([page.stem, found.boxes.length]).toEqual([page.stem, page.boxes.length]);
    const tolerance = Math.max(0.5, (terms.within ?? 0) * Math.max(...page.size));
    for (const [index, box] of page.boxes.entries())
      for (const [side, value] of box.entries())
        expect(Math.abs((found.boxes[index]?.[side] ?? Number.NaN) - value)).toBeLessThanOrEqual(tolerance);
  }
}
