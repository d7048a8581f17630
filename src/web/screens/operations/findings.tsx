import type { DoctorReport } from "../../../schema/doctor.ts";
import type { InfoDocument, StatusDocument } from "../../../schema/status-documents.ts";
import { Told } from "../../parts/told.tsx";
import { urlOf } from "../../state/url.ts";
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
  const { operating, work } = texts();
  const { uploads, disk, catalog, writable } = status;
  const { summary } = (verify.last?.result ?? {}) as Partial<Verified>;
  const bad = summary === undefined ? 0 : summary.missing + summary.corrupt;
  const { checks = [] } = (doctor.last?.result ?? {}) as Partial<DoctorReport>;
  const problems = checks.filter(({ status }) => status === "problem");
  const sentences = [
    ...(writable ? [] : [operating.findReadOnly]),
    ...(disk !== null && disk.free_bytes < disk.total_bytes / 10
      ? [operating.findDisk(formatBytes(disk.free_bytes))]
      : []),
    ...(bad > 0 ? [operating.findAssets(formatNumber(bad))] : []),
    ...(problems.length > 0 ? [operating.findDoctor(formatNumber(problems.length))] : []),
  ];
  const leftOut = (catalog?.left_out ?? []).map(({ provider, dataset, task, variant, message }) => ({
    of: `${provider}/${dataset}/${task}/${variant}: `,
    message,
  }));
  const told = [...leftOut, ...info.mount.says.map((message) => ({ of: "", message }))];
  if (sentences.length === 0 && told.length === 0 && uploads.failed === 0)
    return <p class="good">{operating.fine}</p>;
  return (
    <ul class="findings">
      {uploads.failed > 0 && (
        <li>
          {operating.findFailed(formatNumber(uploads.failed))} <a href={urlOf("/work")}>{work}</a>
        </li>
      )}
      {sentences.map((sentence) => (
        <li key={sentence}>{sentence}</li>
      ))}
      {told.map(({ of, message }) => (
        <li key={of + message}>
          {of}
          <Told sentence={message} />
        </li>
      ))}
    </ul>
  );
}
