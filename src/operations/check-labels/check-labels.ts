import { throwIfCancelled } from "../../errors.ts";
import { columnsOf, type LabelRow, readLabelRows } from "../../export/label-rows.ts";
import type { QueryEngine } from "../../query/engine.ts";
import { partitionsOf } from "../../query/named-rows.ts";
import type {
  LabelCheckProgress,
  LabelCheckRequest,
  LabelCheckSummary,
  LabelFinding,
} from "../../schema/label-check.ts";
import type { Fault } from "../../schema/labels/faults.ts";
import { compileView, type LabelReader } from "../../schema/labels/read-label.ts";
import { readOnPages } from "../../schema/labels/read-pages.ts";
import { readRowLabel } from "../../schema/labels/row-label.ts";
import { LABEL_COLUMN, type View } from "../../schema/labels/view.ts";
import { formatPartition } from "../../schema/partition.ts";
import type { Taxonomy } from "../../schema/taxonomy.ts";
import { planLabels } from "./plan.ts";
import { findUnreadPages } from "./unread-pages.ts";

export interface CheckEffects {
  engine: QueryEngine;
  taxonomy: Taxonomy;
  signal: AbortSignal;
  onProgress(progress: LabelCheckProgress): void;
  /** Awaited before more rows are read. */
  onFinding(finding: LabelFinding): Promise<void>;
}

const MAX_OF_ROW = 100;

/** How the labels of a partition are read, and how many of its rows have one. */
interface Reader {
  view: View;
  read: LabelReader;
  rows: number;
  labels: number;
}

/**
 * Validates the label of every selected row against its view, in constant memory. Throws `not_found` if
 * nothing is selected or no view is known, `invalid_view`, `cancelled`.
 */
export async function checkLabels(
  request: LabelCheckRequest,
  effects: CheckEffects,
): Promise<LabelCheckSummary> {
  const { engine, taxonomy, signal } = effects;
  const startedMs = performance.now();
  const { view: given, ...query } = request;
  const plan = planLabels(await engine.retrievePartitions(partitionsOf(query), signal), taxonomy, given);
  const result = await engine.retrieveWithExistingCols({ ...query, tasks: plan.tasks }, signal);
  const readers = new Map<string, Reader>();
  for (const [name, view] of plan.views)
    readers.set(name, { view, read: compileView(view), rows: 0, labels: 0 });
  const summary: LabelCheckSummary = {
    generation: result.generation,
    partitions: plan.views.size,
    without_view: [...plan.withoutView, ...(await findUnreadPages(engine, plan.pages, signal))],
    without_labels: [],
    rows: 0,
    labels: 0,
    fitting: 0,
    regions: 0,
    questions: 0,
    unreadable: 0,
    skipped: 0,
    faults: {},
    duration_ms: 0,
  };
  const wanted = (key: Parameters<typeof formatPartition>[0]) => {
    const reader = readers.get(formatPartition(key));
    return reader && columnsOf(reader.view);
  };
  for await (const rows of readLabelRows(result, wanted)) {
    throwIfCancelled(signal);
    for (const row of rows) {
      const reader = readers.get(formatPartition(row.partition));
      const faults = reader === undefined ? [] : countRow(row, reader, summary);
      for (const finding of describeFaults(row, faults)) await effects.onFinding(finding);
    }
    const { rows: done, labels, fitting } = summary;
    effects.onProgress({ rows_done: done, rows_total: result.rowCount, rows_bad: labels - fitting });
  }
  for (const [partition, { view, rows, labels }] of readers)
    if (rows > 0 && labels === 0)
      summary.without_labels.push({ partition, column: view.column ?? LABEL_COLUMN });
  return { ...summary, duration_ms: Math.round(performance.now() - startedMs) };
}

function countRow({ cells, pages }: LabelRow, reader: Reader, summary: LabelCheckSummary): readonly Fault[] {
  const { view, read } = reader;
  summary.rows++;
  reader.rows++;
  const found = readRowLabel(cells, view);
  if (found === undefined) return [];
  summary.labels++;
  reader.labels++;
  let faults: readonly Fault[];
  if ("fault" in found) faults = [found.fault];
  else {
    const label = readOnPages(read, found.label, pages);
    summary.regions += label.regions.length + label.strays.length;
    summary.questions += label.questions.length;
    summary.unreadable += label.regions.filter(({ isUnreadable }) => isUnreadable).length;
    summary.skipped += label.skipped;
    faults = label.faults;
  }
  if (faults.length === 0) summary.fitting++;
  for (const { kind } of faults) summary.faults[kind] = (summary.faults[kind] ?? 0) + 1;
  return faults;
}

function describeFaults(row: LabelRow, faults: readonly Fault[]): LabelFinding[] {
  const { partition, upload_id, source_row, source_name } = row;
  return faults.slice(0, MAX_OF_ROW).map(({ kind, at, message }) => ({
    kind,
    at,
    message,
    ...partition,
    upload_id,
    source_row,
    source_name,
    of_row: faults.length,
  }));
}
