import type { ComponentChildren } from "preact";
import type { ListedUpload } from "../../../schema/upload-list.ts";
import { Progress } from "../../parts/progress.tsx";
import { formatBytes, formatNumber, texts } from "../../texts/texts.ts";
import { cancelUpload, pauseUpload, resumeUpload, type UploadWay } from "../../upload/running.ts";
import { ArrivedUpload } from "./arrived-upload.tsx";

export interface UploadProgressProps {
  name: string;
  way: Exclude<UploadWay, { at: "refused" }>;
  /** As the server lists them. */
  uploads: readonly ListedUpload[];
  onChange(): void;
  onProblem(problem: ComponentChildren): void;
}

/** The upload on its way: how far it is; paused, gone on with, cancelled. */
export function UploadProgress({ name, way, uploads, onChange, onProblem }: UploadProgressProps) {
  const { working, cancel } = texts();
  if (way.at === "done")
    return <ArrivedUpload staged={way.staged} uploads={uploads} onChange={onChange} onProblem={onProblem} />;
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
