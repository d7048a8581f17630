import type { DifferencesDocument, PageRegion } from "../../../schema/page-documents.ts";
import type { DrawnRegion } from "../../canvas/shapes.ts";
import { shapeOf } from "../../canvas/shapes.ts";

type Difference = DifferencesDocument["differences"][number];

/** The colour of each kind of difference; on the page, which is light. */
const COLOURS: Record<Difference["kind"], string> = {
  missing: "#c3261e",
  extra: "#0f7a3a",
  text: "#b45300",
  category: "#6b3fd6",
  moved: "#0b62c4",
  order: "#7a4a1e",
};
const EQUAL = "#9aa3ad";

function drawn({ polygon, text }: PageRegion, kind: Difference["kind"] | undefined): DrawnRegion {
  return {
    ...shapeOf(polygon),
    text,
    colour: kind === undefined ? EQUAL : COLOURS[kind],
    isHit: false,
    isShown: true,
    isDashed: kind === "missing",
  };
}

/** The regions of both label sets, each in the colour of its first difference. */
export function drawSides({ a, b, differences }: DifferencesDocument): {
  a: DrawnRegion[];
  b: DrawnRegion[];
} {
  const kindsOf = (side: "a" | "b") => {
    const kinds = new Map<number, Difference["kind"]>();
    for (const difference of differences) {
      const index = difference[side];
      if (index !== null && !kinds.has(index)) kinds.set(index, difference.kind);
    }
    return kinds;
  };
  const [ofA, ofB] = [kindsOf("a"), kindsOf("b")];
  return {
    a: (a.label?.regions ?? []).map((region, index) => drawn(region, ofA.get(index))),
    b: (b.label?.regions ?? []).map((region, index) => drawn(region, ofB.get(index))),
  };
}

/** Both label sets over each other: those of b, and what is in a alone. */
export function drawOver(document: DifferencesDocument) {
  const sides = drawSides(document);
  const missing = document.differences.flatMap(({ kind, a }) =>
    kind === "missing" && a !== null ? [a] : [],
  );
  const regions = [...sides.b, ...missing.map((index) => sides.a[index] as DrawnRegion)];
  const indexOf = ({ a, b }: Difference) => {
    if (b !== null) return b;
    return a === null ? undefined : sides.b.length + missing.indexOf(a);
  };
  const differenceAt = (index: number | undefined) => {
    const found = document.differences.findIndex((difference) => indexOf(difference) === index);
    return found < 0 ? undefined : found;
  };
  return { regions, indexOf, differenceAt };
}
