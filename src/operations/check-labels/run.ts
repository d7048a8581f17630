import { readTaxonomy } from "../../lake/taxonomy.ts";
import { createEngine } from "../../query/create-engine.ts";
import type {
  LabelCheck,
  LabelCheckProgress,
  LabelCheckRequest,
  LabelCheckSummary,
  LabelFinding,
} from "../../schema/label-check.ts";
import type { OperationOutcome, OperationTools } from "../operation.ts";
import type { ReportLocal } from "../report.ts";
import { writeReports } from "../write-reports.ts";
import { checkLabels } from "./check-labels.ts";

type Tools = OperationTools<LabelCheckProgress, ReportLocal>;

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

const REPORT_MS = 200;

/** Validates labels and writes all reports or none. */
export async function runLabelCheck(
  request: LabelCheckRequest,
  { lake, settings, local, signal, report }: Tools,
): Promise<OperationOutcome<LabelCheck>> {
  let reportedMs = Number.NEGATIVE_INFINITY;
  const engine = await createEngine("duckdb", async () => lake, settings);
  try {
    return await writeReports<LabelFinding, LabelCheckSummary>(local ?? {}, COLUMNS, async (onFinding) =>
      checkLabels(request, {
        engine,
        taxonomy: await readTaxonomy(lake),
        signal,
        onProgress: (progress) => {
          if (performance.now() - reportedMs < REPORT_MS) return;
          reportedMs = performance.now();
          report(progress);
        },
        onFinding,
      }),
    );
  } finally {
    engine.close();
  }
}
