import { type RequestFailure, request } from "../../api/request.ts";
import { Progress } from "../../parts/progress.tsx";
import { failureText } from "../../texts/failure-text.ts";
import { formatBytes, formatNumber, texts } from "../../texts/texts.ts";
import {
  cancelUpload,
  closeUpload,
  pauseUpload,
  resumeUpload,
  type UploadWay,
} from "../../upload/running.ts";

export interface UploadProgressProps {
  name: string;
  way: Exclude<UploadWay, { at: "refused" }>;
  onChange(): void;
  onProblem(message: string): void;
}

/** The upload on its way: how far it is; paused, gone on with, cancelled. */
export function UploadProgress({ name, way, onChange, onProblem }: UploadProgressProps) {
  const { working, cancel, close } = texts();
  if (way.at === "done") {
    const { rows, provider, dataset, task, variant } = way.staged;
    const process = () => {
      closeUpload();
      request("/process", { method: "POST" }).then(onChange, (failure: RequestFailure) =>
        onProblem(failureText(failure)),
      );
    };
    return (
      <div class="bar" role="status">
        <p class="good">{working.staged(formatNumber(rows), [provider, dataset, task, variant].join("/"))}</p>
        <button type="button" class="primary" onClick={process}>
          {working.process}
        </button>
        <button type="button" onClick={closeUpload}>
          {close}
        </button>
      </div>
    );
  }
  const isPausable = way.at === "sending" || way.at === "waiting" || way.at === "checking";
  return (
    <div class="upload">
      <strong>{name}</strong>
      <Progress
        label={working.ways[way.at]}
        done={way.done}
        total={way.at === "reading" ? 0 : way.total}
        format={way.at === "packing" ? formatNumber : formatBytes}
      />
      <div class="bar">
        {isPausable && (
          <button type="button" onClick={pauseUpload}>
            {working.pause}
          </button>
        )}
        {way.at === "paused" && (
          <button type="button" class="primary" onClick={resumeUpload}>
            {working.goOn}
          </button>
        )}
        <button type="button" onClick={() => void cancelUpload().then(onChange)}>
          {cancel}
        </button>
      </div>
    </div>
  );
}
