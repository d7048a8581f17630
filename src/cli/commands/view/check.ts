import { resolve } from "node:path";
import {
  type LabelCheck,
  type LabelCheckSummary,
  type LabelFinding,
  labelCheckExit,
} from "../../../schema/label-check.ts";
import { FAULTS, type FaultKind } from "../../../schema/labels/faults.ts";
import { WHOLE_ROW } from "../../../schema/labels/view.ts";
import { formatPartition } from "../../../schema/partition.ts";
import { formatCount, formatDuration, formatQuantity } from "../../../util/format.ts";
import { defineCommand } from "../../arguments/command.ts";
import { QUERY_FLAGS, readQuery } from "../../arguments/query-flags.ts";
import { checkReportPath } from "../../arguments/report-flag.ts";
import { readViewFlag, VIEW_FLAG } from "../../arguments/view-flag.ts";

export const checkCommand = defineCommand({
  summary: "Read every label by its view and report what does not fit",
  flags: {
    ...QUERY_FLAGS,
    view: { ...VIEW_FLAG, description: `${VIEW_FLAG.description} (default: the view of the task)` },
    report: {
      type: "text",
      placeholder: "FILE",
      description: "Write all findings to this file, ending in .csv or .json",
    },
  },
  examples: [
    "datalake view check --dataset receipts --task ocr",
    "datalake view check --task layout --view coco --report faults.csv",
  ],
  run: async ({ flags }, effects) => {
    const { terminal, signal } = effects;
    const { report } = flags;
    if (report !== undefined) checkReportPath(report);
    const view = flags.view === undefined ? undefined : await readViewFlag(flags.view);
    const request = { ...(await readQuery(flags)), ...(view !== undefined && { view }) };
    const { views } = await effects.openClient();
    const bar = terminal.progress("checking labels", { unit: "rows" });
    const path = report === undefined ? undefined : resolve(report);
    const { summary, findings } = await views
      .check(request, {
        signal,
        report: path,
        onProgress: ({ rows_done: done, rows_total: total, rows_bad: bad }) =>
          bar.update({ done, total, label: bad === 0 ? "checking labels" : `checking labels, ${bad} bad` }),
      })
      .finally(() => bar.finish());
    terminal.result({ ...summary, findings, report: path ?? null }, () =>
      describeCheck({ summary, findings }, report),
    );
    return labelCheckExit(summary);
  },
});

const SHOWN = 20;

function describeCheck({ summary, findings }: LabelCheck, report: string | undefined): string {
  const { rows, labels, fitting, regions, questions, unreadable, skipped, faults } = summary;
  const lines = findings.slice(0, SHOWN).map(describeFinding);
  const all = Object.values(faults).reduce((sum, count) => sum + count, 0);
  if (all > lines.length) {
    const where = report === undefined ? "--report FILE lists them all" : `all are in ${report}`;
    lines.push(`... and ${formatCount(all - lines.length)} more; ${where}`);
  }
  for (const [kind, count] of Object.entries(faults).sort(([, a], [, b]) => b - a)) {
    lines.push(`${formatCount(count)} x ${kind}: ${FAULTS[kind as FaultKind]}`);
  }
  const parts = [
    `${formatCount(fitting)} of ${formatQuantity(labels, "label")} fit`,
    formatQuantity(regions, "region"),
    ...(questions > 0 ? [formatQuantity(questions, "question")] : []),
    ...(rows > labels ? [`${formatQuantity(rows - labels, "row")} without a label`] : []),
    ...(unreadable > 0 ? [`${formatCount(unreadable)} unreadable`] : []),
    ...(skipped > 0
      ? [`${formatQuantity(skipped, "object")} without box, text and category passed over`]
      : []),
  ];
  lines.push(`${parts.join(", ")} (${describeRows(summary)})`);
  const { without_view, without_labels } = summary;
  if (without_view.length > 0) lines.push(`Without a view, not checked: ${without_view.join(", ")}`);
  for (const { partition, column } of without_labels)
    lines.push(`No row of ${partition} has a label in ${nameColumn(column)}, where its view looks`);
  return lines.join("\n");
}

function nameColumn(column: string): string {
  return column === WHOLE_ROW ? "its columns" : `the column ${column}`;
}

function describeRows({ rows, partitions, duration_ms }: LabelCheckSummary): string {
  return `${formatQuantity(rows, "row")} of ${formatQuantity(partitions, "partition")} in ${formatDuration(duration_ms / 1000)}`;
}

function describeFinding(finding: LabelFinding): string {
  const { at, message, source_row, source_name, upload_id } = finding;
  const row = source_row === null ? "" : `, source_row ${source_row} of ${upload_id}`;
  const name = source_name === null ? "" : ` (${source_name})`;
  return `${formatPartition(finding)}${row}${name}: ${at}: ${message}`;
}
