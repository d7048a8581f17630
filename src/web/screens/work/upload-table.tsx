import type { ListedUpload, UploadList } from "../../../schema/upload-list.ts";
import { FailureText } from "../../parts/failure-text.tsx";
import { Told } from "../../parts/told.tsx";
import { may } from "../../state/session.ts";
import { urlOf } from "../../state/url.ts";
import { formatNumber, formatTime, texts } from "../../texts/texts.ts";

export interface UploadTableProps {
  list: UploadList;
  onRejects(id: string): void;
  onRetry(upload: ListedUpload): void;
}

/** Uploads wherever they are on their way. */
export function UploadTable({ list, onRejects, onRetry }: UploadTableProps) {
  const { working } = texts();
  return (
    <section>
      <h2>{working.uploads}</h2>
      {list.unusable.length > 0 && (
        <ul class="findings">
          {list.unusable.map(({ state, name, problem }) => (
            <li key={`${state}/${name}`}>
              <code>
                staging/{state}/{name}
              </code>{" "}
              <Told sentence={problem} />
            </li>
          ))}
        </ul>
      )}
      {list.uploads.length === 0 ? (
        <p class="quiet">{working.noUploads}</p>
      ) : (
        <table class="rows">
          <thead>
            <tr>
              <th scope="col">{working.state}</th>
              <th scope="col">{working.partition}</th>
              <th scope="col" class="number">
                {working.rows}
              </th>
              <th scope="col" class="number">
                {working.rejected}
              </th>
              <th scope="col">{working.when}</th>
              <th scope="col">{working.actions}</th>
            </tr>
          </thead>
          <tbody>
            {list.uploads.map((upload) => (
              <UploadRow key={upload.upload_id} upload={upload} onRejects={onRejects} onRetry={onRetry} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

interface UploadRowProps extends Pick<UploadTableProps, "onRejects" | "onRetry"> {
  upload: ListedUpload;
}

function UploadRow({ upload, onRejects, onRetry }: UploadRowProps) {
  const { working } = texts();
  const { upload_id: id, status, provider, dataset, task, variant, rows, rejected, error } = upload;
  const isFound = status === "completed" && !upload.unpublished;
  const name = [provider, dataset, task, variant].map((part) => part ?? "?").join("/");
  const selection = {
    providers: provider ?? "",
    datasets: dataset ?? "",
    tasks: task ?? "",
    variants: variant ?? "",
  };
  return (
    <tr data-upload={id} data-status={status}>
      <td data-label={working.state}>
        <span class={`state ${status}`}>
          {upload.unpublished ? working.unpublished : working.states[status]}
        </span>
      </td>
      <td data-label={working.partition}>
        {isFound ? <a href={urlOf("/browse", selection)}>{name}</a> : name}
        {error && (
          <p class="problem">
            <FailureText failure={error} />
          </p>
        )}
      </td>
      <td class="number" data-label={working.rows}>
        {rows === null ? "–" : formatNumber(rows)}
      </td>
      <td class="number" data-label={working.rejected}>
        {rejected === null ? "–" : formatNumber(rejected)}
      </td>
      <td data-label={working.when}>
        <span class="time">{upload.uploaded_at === null ? "–" : formatTime(upload.uploaded_at)}</span>
        {upload.uploaded_by !== null && <span class="quiet"> {upload.uploaded_by}</span>}
      </td>
      <td class="actions">
        {(rejected ?? 0) > 0 && (
          <button type="button" onClick={() => onRejects(id)}>
            {working.showRejects}
          </button>
        )}
        {status === "failed" && may("curator") && (
          <button type="button" onClick={() => onRetry(upload)}>
            {working.retry}
          </button>
        )}
      </td>
    </tr>
  );
}
