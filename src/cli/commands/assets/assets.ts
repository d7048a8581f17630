import { resolve } from "node:path";
import { AppError } from "../../../errors.ts";
import { formatPartition } from "../../../schema/partition.ts";
import { type AssetFinding, parseVerifyRequest, type VerifySummary } from "../../../schema/verification.ts";
import { formatBytes, formatCount, formatDuration, formatQuantity } from "../../../util/format.ts";
import { defineCommand, defineGroup } from "../../arguments/command.ts";
import { QUERY_FLAGS } from "../../arguments/query-flags.ts";
import { checkReportPath } from "../../arguments/report-flag.ts";
import { verifyAssets } from "./verify.ts";

const { provider, dataset, task, variant } = QUERY_FLAGS;

const verifyCommand = defineCommand({
  summary: "Check that the assets are present and intact",
  flags: {
    provider,
    dataset,
    task,
    variant,
    sample: {
      type: "text",
      placeholder: "SHARE",
      description: "Only this share of them, such as 5%; the same sample every time",
    },
    hash: { type: "switch", description: "Read every asset and compare its SHA-256, not only its size" },
    report: {
      type: "text",
      placeholder: "FILE",
      description: "Write all findings to this file, ending in .csv or .json",
    },
    numProc: {
      type: "number",
      placeholder: "N",
      description: "Files checked at the same time (default: 32)",
    },
  },
  examples: [
    "datalake assets verify --sample 5% --hash",
    "datalake assets verify --provider aihub --report missing.csv",
  ],
  run: async ({ flags }, effects) => {
    const { numProc, report } = flags;
    if (numProc !== undefined && !(Number.isInteger(numProc) && numProc >= 1 && numProc <= 1024)) {
      throw new AppError("usage", `--num-proc must be a number of files from 1 to 1024, not ${numProc}`);
    }
    if (report !== undefined) checkReportPath(report);
    const names = (list: string[] | undefined) => list?.map((name) => name.normalize("NFC"));
    const request = parseVerifyRequest({
      ...(flags.provider && { providers: names(flags.provider) }),
      ...(flags.dataset && { datasets: names(flags.dataset) }),
      ...(flags.task && { tasks: names(flags.task) }),
      ...(flags.variant && { variants: names(flags.variant) }),
      ...(flags.sample !== undefined && { sample: flags.sample }),
      hash: flags.hash ?? false,
    });
    const options = { numProc, report: report === undefined ? undefined : resolve(report) };
    const { summary, findings } = await verifyAssets(request, options, effects);
    effects.terminal.result({ ...summary, findings, report: options.report ?? null }, () =>
      describeCheck(summary, findings, report),
    );
    return summary.missing + summary.corrupt > 0 ? 3 : 0;
  },
});

export const assetsCommand = defineGroup({
  summary: "Check the stored images and files",
  subcommands: { verify: verifyCommand },
});

const SHOWN = 20;

function describeCheck(
  summary: VerifySummary,
  findings: readonly AssetFinding[],
  report: string | undefined,
): string {
  const { checked, missing, corrupt, integrity, partitions, bytes_read, duration_ms } = summary;
  const bad = missing + corrupt;
  const lines = findings.slice(0, SHOWN).map(describeFinding);
  if (bad > lines.length) {
    const all = report === undefined ? "--report FILE lists them all" : `all are in ${report}`;
    lines.push(`... and ${formatCount(bad - lines.length)} more; ${all}`);
  }
  const how = summary.hash ? `, ${formatBytes(bytes_read)} hashed` : "";
  const share = summary.sample === null ? "" : ` (a sample of ${Number((summary.sample * 100).toFixed(4))}%)`;
  lines.push(
    `${formatQuantity(checked, "asset")}${share} of ${formatQuantity(partitions, "partition")}${how} in ${formatDuration(duration_ms / 1000)}: ` +
      `${formatCount(missing)} missing, ${formatCount(corrupt)} corrupt, ${formatIntegrity(integrity)} whole`,
  );
  return lines.join("\n");
}

function describeFinding(finding: AssetFinding): string {
  const { problem, path, expected, found, source_row, source_name, upload_id, rows } = finding;
  const name = source_name === null ? "" : ` (${source_name})`;
  const row = source_row === null ? "" : `, source_row ${source_row} of ${upload_id}`;
  const more = rows > 1 ? ` and ${formatQuantity(rows - 1, "other row")}` : "";
  const why = {
    missing: "is missing",
    wrong_size: `has ${found} bytes, not ${expected}`,
    wrong_hash: `has different content (${found?.slice(0, 12)}...)`,
    unreadable: `cannot be read (${found})`,
  }[problem];
  return `${path} ${why}: ${formatPartition(finding)}${row}${name}${more}`;
}

/** Never 100% if anything is wrong. */
function formatIntegrity(share: number): string {
  return `${(Math.floor(share * 1e6) / 1e4).toString()}%`;
}
