import type { FaultKind } from "../faults.ts";
import type { GivenView } from "../given-view.ts";
import type { Bounds, Page } from "../region.ts";
import type { Cells } from "../row-label.ts";
import type { BoxUnit, View } from "../view.ts";
import type { BoxForm } from "../view-box.ts";

/** A row that was sampled. */
export interface SampledRow {
  cells: Cells;
  page: Page | null;
}

/** A parsed label of the sample. */
export interface SampledLabel {
  label: unknown;
  page: Page | null;
}

/** One way to read the labels. */
export interface Reading {
  /** As it is written to a file; a built-in one by its name. */
  view: GivenView;
  /** The same in full. */
  full: View;
  /** The shape that it is, or is based on. */
  shape: string | null;
  form: BoxForm | null;
  unit: BoxUnit | null;
  /** Rows of the sample that it reads without a fault of their boxes. */
  agree: number;
  /** The others, by what is wrong with them. */
  faults: Partial<Record<FaultKind, number>>;
  /** What it makes of the example. */
  example: Bounds | null;
}

export interface Detection {
  /** Rows that were looked at, and those of them that have a label. */
  sampled: number;
  labelled: number;
  /** The one that fits; several where the boxes can be read in several ways; none where nothing fits. */
  readings: Reading[];
  /** A box of the sample that the readings place differently: what the label says. */
  example: { row: number; box: unknown } | null;
  /** Why nothing can be read, and what to do. */
  problem: string | null;
  /** Other shapes that fit too, of other regions of the same labels: words in place of lines. */
  also: string[];
}
