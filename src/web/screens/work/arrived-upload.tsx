import type { ComponentChildren } from "preact";
import type { ListedUpload } from "../../../schema/upload-list.ts";
import { type RequestFailure, request } from "../../api/request.ts";
import { FailureText } from "../../parts/failure-text.tsx";
import { Told } from "../../parts/told.tsx";
import { urlOf } from "../../state/url.ts";
import { formatNumber, texts } from "../../texts/texts.ts";
import { closeUpload } from "../../upload/running.ts";
import type { StagedUpload } from "../../upload/send.ts";

export interface ArrivedUploadProps {
  staged: StagedUpload;
  /** As the server lists them. */
  uploads: readonly ListedUpload[];
  onChange(): void;
  onProblem(problem: ComponentChildren): void;
}

/** An upload that has arrived: to be processed, and then to be looked at. */
export function ArrivedUpload({ staged, uploads, onChange, onProblem }: ArrivedUploadProps) {
  const { working, close, browse } = texts();
  const { upload_id: id, provider: providers, dataset: datasets, task: tasks, variant: variants } = staged;
  const { status = "pending", rows } = uploads.find((upload) => upload.upload_id === id) ?? {};
  const partition = [providers, datasets, tasks, variants].join("/");
  const count = formatNumber(rows ?? staged.rows);
  const process = () => {
    request("/process", { method: "POST" }).then(onChange, (failure: RequestFailure) =>
      onProblem(<FailureText failure={failure} />),
    );
  };
  const told = {
    pending: working.staged(count, partition),
    processing: `${partition}: ${working.states.processing}`,
    completed: working.published(count, partition),
    failed: `${partition}: ${working.states.failed}`,
  };
  return (
    <div class="bar" role="status">
      {staged.notices.length > 0 && (
        <ul class="notices">
          {staged.notices.map((notice) => (
            <li key={notice}>
              <Told sentence={notice} />
            </li>
          ))}
        </ul>
      )}
      <p class={status === "failed" ? "problem" : "good"}>{told[status]}</p>
      {status === "pending" && (
        <button type="button" class="primary" onClick={process}>
          {working.process}
        </button>
      )}
      {status === "completed" && (
        <a href={urlOf("/browse", { providers, datasets, tasks, variants })}>{browse}</a>
      )}
      <button type="button" onClick={closeUpload}>
        {close}
      </button>
    </div>
  );
}
