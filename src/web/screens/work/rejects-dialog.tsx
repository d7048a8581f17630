import type { RejectList } from "../../../schema/upload-list.ts";
import { useDocument } from "../../api/use-document.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { Failure, Loading } from "../../parts/notice.tsx";
import { formatNumber, texts } from "../../texts/texts.ts";

const SHOWN = 500;

/** The rows of an upload that were rejected, and why. */
export function RejectsDialog({ id, onClose }: { id: string; onClose(): void }) {
  const { working } = texts();
  const { value, failure } = useDocument<RejectList>(`/uploads/${id}/rejects?limit=${SHOWN}`);
  return (
    <Dialog title={working.rejects} onClose={onClose}>
      {failure && <Failure failure={failure} />}
      {!value && !failure && <Loading />}
      {value && (
        <>
          <p class="quiet">
            {working.rejectedRows(formatNumber(value.rejected), formatNumber(value.rejects.length))}
          </p>
          <ol class="rejects">
            {value.rejects.map(({ source_row: row, source_name: name, reason }) => (
              <li key={row}>
                <strong>{name ?? working.row(formatNumber(row))}</strong>
                <p>{reason}</p>
              </li>
            ))}
          </ol>
        </>
      )}
    </Dialog>
  );
}
