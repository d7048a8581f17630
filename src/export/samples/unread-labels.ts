import { AppError } from "../../errors.ts";
import { isLabel } from "../../schema/labels/detect/columns.ts";
import { detectView } from "../../schema/labels/detect/detect.ts";
import { findRefusal } from "../../schema/labels/detect/refusals.ts";
import type { Page } from "../../schema/labels/region.ts";
import type { Cells } from "../../schema/labels/row-label.ts";
import { NAMED_LABEL_COLUMNS } from "../../schema/labels/shapes.ts";
import { adviseView } from "../../schema/labels/task-view.ts";
import { LABEL_COLUMN, WHOLE_ROW } from "../../schema/labels/view.ts";
import { formatPartition, type PartitionKey } from "../../schema/partition.ts";

/** Rows of a partition in which labels are looked for in its other columns. */
const LOOKED_AT = 20;

/** Finds the labels in rows of a partition that has no view. */
export interface UnreadLabels {
  /** Columns to give of the next row; undefined for all. */
  columns(): readonly string[] | undefined;
  /** Undefined where the row has none. */
  find(cells: Cells, page: Page | null): UnreadLabel | undefined;
}

/** The column of a label, `*` where several are it together; or why no view can read it. */
export type UnreadLabel = { column: string } | { refusal: string };

/** Labels are objects in the columns that are named for them, and what the first rows have in others. */
export function findUnreadLabels(): UnreadLabels {
  const found = new Set(NAMED_LABEL_COLUMNS);
  let left = LOOKED_AT;
  return {
    columns: () => (left > 0 || found.has(WHOLE_ROW) ? undefined : [...found]),
    find: (cells, page) => {
      const known = [...found].find((column) =>
        column === WHOLE_ROW ? typeof cells.question === "string" : isLabel({ cells }, column),
      );
      if (known !== undefined) return { column: known };
      if (left === 0) return undefined;
      left--;
      const row = { cells, page };
      const [reading] = detectView([row]).readings;
      if (reading !== undefined) {
        const { column = LABEL_COLUMN } = reading.full;
        found.add(column);
        return { column };
      }
      const refusal = findRefusal([row]);
      if (refusal === undefined) return undefined;
      left = Number.POSITIVE_INFINITY; // others are told only by looking at them
      return { refusal };
    },
  };
}

/** Labels in the columns that are named for them, but for the one that the view of the partition looks at. */
export function findLabelsBeside(viewed: string): UnreadLabels | undefined {
  if (viewed === WHOLE_ROW) return undefined;
  const others = NAMED_LABEL_COLUMNS.filter((name) => name !== viewed);
  return {
    columns: () => [viewed, ...others],
    find: (cells) => {
      const column = others.find((name) => isLabel({ cells }, name));
      return column === undefined ? undefined : { column };
    },
  };
}

/** Pages without their labels would be what no trainer remarks. */
export function refuseUnread(key: PartitionKey, label: UnreadLabel): AppError {
  const rows = `rows of ${formatPartition(key)}`;
  const problem =
    "refusal" in label
      ? `${rows} have labels of a kind that views do not read: ${label.refusal}`
      : `${rows} have labels in ${label.column === WHOLE_ROW ? "their columns" : `the column ${label.column}`}, but no view says what they mean; ${adviseView(key)}`;
  return new AppError("usage", `${problem}; --view none writes the pages without labels`, {
    details: { partition: formatPartition(key), ...label },
  });
}
