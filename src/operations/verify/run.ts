import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { parseSize } from "../../config.ts";
import { openDatabase } from "../../query/database.ts";
import {
  type AssetFinding,
  emptyVerifyProgress,
  SHOWN_FINDINGS,
  type VerifyProgress,
  type VerifyRequest,
  type VerifySummary,
} from "../../schema/verification.ts";
import type { OperationOutcome, OperationTools } from "../operation.ts";
import { openReport, REPORTS, type Report } from "../report.ts";
import { describeFile } from "../result-files.ts";
import { CONCURRENCY, type VerifyLocal } from "./local.ts";
import { createFileProbe } from "./probe.ts";
import { verifyAssets } from "./verify-assets.ts";

type Tools = OperationTools<VerifyProgress & { findings: AssetFinding[] }, VerifyLocal>;

const COLUMNS = [
  "problem",
  "path",
  "expected",
  "found",
  "provider",
  "dataset",
  "task",
  "variant",
  "upload_id",
  "source_row",
  "source_name",
  "rows",
] as const satisfies readonly (keyof AssetFinding)[];
const DATABASE_THREADS = 2;
const MEMORY_BYTES = 256_000_000;

/** Verifies assets and writes all reports or none. */
export async function runVerification(
  request: VerifyRequest,
  tools: Tools,
): Promise<OperationOutcome<{ summary: VerifySummary; findings: AssetFinding[] }>> {
  const { report, reportFolder } = tools.local ?? {};
  if (reportFolder !== undefined) await mkdir(reportFolder);
  const inFolder = reportFolder === undefined ? [] : Object.values(REPORTS);
  const paths = inFolder.map((name) => join(reportFolder ?? "", name));
  const reports: Report<AssetFinding>[] = [];
  try {
    for (const path of report === undefined ? paths : [...paths, report])
      reports.push(await openReport(path, COLUMNS));
    const result = await verify(request, reports, tools);
    return {
      result,
      files: await Promise.all(inFolder.map((name) => describeFile(reportFolder ?? "", name))),
    };
  } catch (error) {
    for (const report of reports) await report.discard();
    throw error;
  }
}

async function verify(
  request: VerifyRequest,
  reports: readonly Report<AssetFinding>[],
  { lake, settings, local, signal, report: tell }: Tools,
) {
  const memoryBytes = Math.min(parseSize(settings.database.memory), MEMORY_BYTES);
  const database = await openDatabase({
    scratch: join(settings.scratchFolder, "checks"),
    memory: `${Math.floor(memoryBytes / 1_000_000)}MB`,
    threads: DATABASE_THREADS,
  });
  const findings: AssetFinding[] = [];
  let told = 0;
  const report = (progress: VerifyProgress) => {
    tell({ ...progress, findings: findings.slice(told) });
    told = findings.length;
  };
  try {
    report(emptyVerifyProgress());
    const summary = await verifyAssets(request, {
      lake,
      database,
      concurrency: local?.concurrency ?? CONCURRENCY,
      probe: createFileProbe(lake),
      signal,
      onProgress: report,
      onFinding: async (finding) => {
        for (const one of reports) await one.add(finding);
        if (findings.length < SHOWN_FINDINGS) findings.push(finding);
      },
    });
    for (const one of reports) await one.finish(summary);
    return { summary, findings };
  } finally {
    database.close();
  }
}
