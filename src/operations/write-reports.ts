import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { OperationOutcome } from "./operation.ts";
import { openReport, REPORTS, type Report, type ReportLocal } from "./report.ts";
import { describeFile } from "./result-files.ts";

/** Maximum findings in a response; the report has all. */
const SHOWN_FINDINGS = 1000;

/**
 * Runs a check and writes all of its reports or none. `check` gets the function for each finding, to be awaited,
 * and the findings so far that are in the result, and returns its summary.
 */
export async function writeReports<Finding extends object, Summary extends object>(
  { report, reportFolder }: ReportLocal,
  columns: readonly (keyof Finding)[],
  check: (onFinding: (finding: Finding) => Promise<void>, shown: readonly Finding[]) => Promise<Summary>,
): Promise<OperationOutcome<{ summary: Summary; findings: Finding[] }>> {
  if (reportFolder !== undefined) await mkdir(reportFolder);
  const inFolder = reportFolder === undefined ? [] : Object.values(REPORTS);
  const paths = inFolder.map((name) => join(reportFolder ?? "", name));
  const reports: Report<Finding>[] = [];
  const findings: Finding[] = [];
  try {
    for (const path of report === undefined ? paths : [...paths, report])
      reports.push(await openReport(path, columns));
    const summary = await check(async (finding) => {
      for (const one of reports) await one.add(finding);
      if (findings.length < SHOWN_FINDINGS) findings.push(finding);
    }, findings);
    for (const one of reports) await one.finish(summary);
    return {
      result: { summary, findings },
      files: await Promise.all(inFolder.map((name) => describeFile(reportFolder ?? "", name))),
    };
  } catch (error) {
    for (const one of reports) await one.discard();
    throw error;
  }
}
