import type { DoctorReport } from "../../../schema/doctor.ts";
import type { InfoDocument, StatusDocument } from "../../../schema/status-documents.ts";
import { formatBytes, formatNumber, texts } from "../../texts/texts.ts";
import type { LastRunState } from "./use-last-run.ts";
import type { Verified } from "./verify-card.tsx";

export interface FindingsProps {
  status: StatusDocument;
  info: InfoDocument;
  verify: LastRunState;
  doctor: LastRunState;
}

/** What needs somebody, in sentences. */
export function Findings({ status, info, verify, doctor }: FindingsProps) {
  const { operating } = texts();
  const { uploads, disk, catalog, writable } = status;
  const { summary } = (verify.last?.result ?? {}) as Partial<Verified>;
  const bad = summary === undefined ? 0 : summary.missing + summary.corrupt;
  const { checks = [] } = (doctor.last?.result ?? {}) as Partial<DoctorReport>;
  const problems = checks.filter(({ status }) => status === "problem");
  const findings = [
    ...(writable ? [] : [operating.findReadOnly]),
    ...(disk !== null && disk.free_bytes < disk.total_bytes / 10
      ? [operating.findDisk(formatBytes(disk.free_bytes))]
      : []),
    ...(uploads.failed > 0 ? [operating.findFailed(formatNumber(uploads.failed))] : []),
    ...(catalog?.left_out ?? []).map(
      ({ provider, dataset, task, variant, message }) =>
        `${provider}/${dataset}/${task}/${variant}: ${message}`,
    ),
    ...info.mount.says,
    ...(bad > 0 ? [operating.findAssets(formatNumber(bad))] : []),
    ...(problems.length > 0 ? [operating.findDoctor(formatNumber(problems.length))] : []),
  ];
  if (findings.length === 0) return <p class="good">{operating.fine}</p>;
  return (
    <ul class="findings">
      {findings.map((finding) => (
        <li key={finding}>{finding}</li>
      ))}
    </ul>
  );
}
