import { compileQuestions } from "./read-questions.ts";
import { compileRegions, type RegionListener } from "./read-regions.ts";
import type { Page, ReadLabel } from "./region.ts";
import type { View } from "./view.ts";
import { documentNode } from "./walk.ts";

/**
 * What a parsed label says about its page, in pixels of the page as it is shown. A page that is not known (null) is
 * enough for boxes in its own pixels.
 */
export type LabelReader = (label: unknown, page: Page | null) => ReadLabel;

/**
 * The reader of a view. Its paths are parsed once: make one for many labels. `onRegion` hears of each region where the
 * label says it.
 */
export function compileView(view: View, onRegion?: RegionListener): LabelReader {
  const readRegions = view.items === undefined ? undefined : compileRegions(view, onRegion);
  const readQuestions = view.questions && compileQuestions(view.questions);
  const read: LabelReader = (label, page) => {
    const root = documentNode(label);
    const { regions, faults, skipped } = readRegions?.(root, page) ?? { regions: [], faults: [], skipped: 0 };
    const asked = readQuestions?.(root) ?? { questions: [], faults: [] };
    return { regions, questions: asked.questions, faults: [...faults, ...asked.faults], skipped };
  };
  return (label, page) => {
    try {
      return read(label, page);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const fault = { kind: "no_json", at: "$", message: "lists or objects are nested too deeply" } as const;
      return { regions: [], questions: [], faults: [fault], skipped: 0 };
    }
  };
}
