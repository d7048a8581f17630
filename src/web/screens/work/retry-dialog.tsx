import { useState } from "preact/hooks";
import type { ListedUpload } from "../../../schema/upload-list.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { formatNumber, texts } from "../../texts/texts.ts";
import { isRejectLimit } from "./questions.ts";
import { RejectLimitField } from "./reject-limit-field.tsx";

/** Whether an upload failed because of its rejected rows, and has others: then more may be allowed. */
export function isOfRejects({ error, rows, rejected }: ListedUpload): boolean {
  return error?.code === "too_many_rejects" && (rejected ?? 0) < (rows ?? 0);
}

export interface RetryDialogProps {
  upload: ListedUpload;
  onRetry(limit: string | undefined): void;
  onClose(): void;
}

/** Asks how many rejected rows are allowed from now on; as many as there were, unless told. */
export function RetryDialog({ upload: { rows, rejected }, onRetry, onClose }: RetryDialogProps) {
  const { working } = texts();
  const [limit, setLimit] = useState(String(rejected ?? ""));
  const submit = (event: Event) => {
    event.preventDefault();
    if (!isRejectLimit(limit)) return;
    onRetry(limit.trim() || undefined);
    onClose();
  };
  return (
    <Dialog title={working.retryHeading} onClose={onClose}>
      <p>{working.retryRejects(formatNumber(rejected ?? 0), formatNumber(rows ?? 0))}</p>
      <form class="retry" onSubmit={submit}>
        <RejectLimitField isFirst value={limit} onValue={setLimit} />
        <button type="submit" class="primary" disabled={!isRejectLimit(limit)}>
          {working.retry}
        </button>
      </form>
    </Dialog>
  );
}
