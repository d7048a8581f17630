import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { readTaxonomy } from "../../lake/taxonomy.ts";
import { createEngine } from "../../query/create-engine.ts";
import type {
  LabelCheck,
  LabelCheckProgress,
  LabelCheckRequest,
  LabelFinding,
} from "../../schema/label-check.ts";
import type { OperationOutcome, OperationTools } from "../operation.ts";
import { openReport, REPORTS, type Report } from "../report.ts";
import { describeFile } from "../result-files.ts";
import { checkLabels } from "./check-labels.ts";
import type { CheckLocal } from "./local.ts";

type Tools = OperationTools<LabelCheckProgress, CheckLocal>;

const COLUMNS = [
  "kind",
  "at",
  "message",
  "provider",
  "dataset",
  "task",
  "variant",
  "upload_id",
  "source_row",
  "source_name",
  "of_row",
] as const satisfies readonly (keyof LabelFinding)[];

/** Maximum findings in a response; the report has all. */
const SHOWN_FINDINGS = 1000;
const REPORT_MS = 200;

/** Validates labels and writes all reports or none. */
export async function runLabelCheck(
  request: LabelCheckRequest,
  { lake, settings, local, signal, report }: Tools,
): Promise<OperationOutcome<LabelCheck>> {
  const { report: file, reportFolder } = local ?? {};
  if (reportFolder !== undefined) await mkdir(reportFolder);
  const names = reportFolder === undefined ? [] : Object.values(REPORTS);
  const paths = names.map((name) => join(reportFolder ?? "", name));
  const reports: Report<LabelFinding>[] = [];
  const findings: LabelFinding[] = [];
  let reportedMs = Number.NEGATIVE_INFINITY;
  const engine = await createEngine("duckdb", async () => lake, settings);
  try {
    for (const path of file === undefined ? paths : [...paths, file])
      reports.push(await openReport(path, COLUMNS));
    const summary = await checkLabels(request, {
      engine,
      taxonomy: await readTaxonomy(lake),
      signal,
      onProgress: (progress) => {
        if (performance.now() - reportedMs < REPORT_MS) return;
        reportedMs = performance.now();
        report(progress);
      },
      onFinding: async (finding) => {
        for (const one of reports) await one.add(finding);
        if (findings.length < SHOWN_FINDINGS) findings.push(finding);
      },
    });
    for (const one of reports) await one.finish(summary);
    return {
      result: { summary, findings },
      files: await Promise.all(names.map((name) => describeFile(reportFolder ?? "", name))),
    };
  } catch (error) {
    for (const one of reports) await one.discard();
    throw error;
  } finally {
    engine.close();
  }
}
