import { join } from "node:path";
import { parseSize } from "../../config.ts";
import { openDatabase } from "../../query/database.ts";
import {
  type AssetFinding,
  emptyVerifyProgress,
  type VerifyProgress,
  type VerifyRequest,
  type VerifySummary,
} from "../../schema/verification.ts";
import type { OperationOutcome, OperationTools } from "../operation.ts";
import { writeReports } from "../write-reports.ts";
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
  return writeReports<AssetFinding, VerifySummary>(tools.local ?? {}, COLUMNS, (onFinding, shown) =>
    verify(request, tools, onFinding, shown),
  );
}

async function verify(
  request: VerifyRequest,
  { lake, settings, local, signal, report: tell }: Tools,
  onFinding: (finding: AssetFinding) => Promise<void>,
  shown: readonly AssetFinding[],
): Promise<VerifySummary> {
  const memoryBytes = Math.min(parseSize(settings.database.memory), MEMORY_BYTES);
  const database = await openDatabase({
    scratch: join(settings.scratchFolder, "checks"),
    memory: `${Math.floor(memoryBytes / 1_000_000)}MB`,
    threads: DATABASE_THREADS,
  });
  let told = 0;
  const report = (progress: VerifyProgress) => {
    tell({ ...progress, findings: shown.slice(told) });
    told = shown.length;
  };
  try {
    report(emptyVerifyProgress());
    return await verifyAssets(request, {
      lake,
      database,
      concurrency: local?.concurrency ?? CONCURRENCY,
      probe: createFileProbe(lake),
      signal,
      onProgress: report,
      onFinding,
    });
  } finally {
    database.close();
  }
}
