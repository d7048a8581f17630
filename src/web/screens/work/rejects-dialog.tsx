import { useState } from "preact/hooks";
import type { RejectedRow, RejectList } from "../../../schema/upload-list.ts";
import { useDocument } from "../../api/use-document.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { Failure, Loading } from "../../parts/notice.tsx";
import { Told } from "../../parts/told.tsx";
import { formatNumber, texts } from "../../texts/texts.ts";

const SHOWN = 500;

/** The rows of an upload that were rejected, and why. */
export function RejectsDialog({ id, onClose }: { id: string; onClose(): void }) {
  const { working } = texts();
  const { value, failure } = useDocument<RejectList>(`/uploads/${id}/rejects?limit=${SHOWN}`);
  return (
    <Dialog title={working.rejects} onClose={onClose}>
      {failure && <Failure failure={failure} isPart />}
      {!value && !failure && <Loading />}
      {value && (
        <>
          <p class="quiet">
            {working.rejectedRows(formatNumber(value.rejected), formatNumber(value.rejects.length))}
          </p>
          <ol class="rejects">
            {value.rejects.map((reject) => (
              <li key={reject.source_row}>
                <Picture id={id} reject={reject} />
                <div>
                  <strong>{reject.source_name ?? working.row(formatNumber(reject.source_row + 1))}</strong>
                  <p>
                    <Told sentence={reject.reason} />
                  </p>
                </div>
              </li>
            ))}
          </ol>
        </>
      )}
    </Dialog>
  );
}

/** The page of a row: what it brought, where that is kept, or the asset that it refers to. */
function Picture({ id, reject }: { id: string; reject: RejectedRow }) {
  const { working, grid } = texts();
  const [isBroken, setBroken] = useState(false);
  const { source_hash: hash, page, path, source_name: name } = reject;
  const address =
    path !== null
      ? `/thumbs/${path.split("/").at(-1)?.split(".")[0]}?asset=${encodeURIComponent(path)}`
      : hash !== null && `/uploads/${id}/rejects/${hash}${page === null ? "" : `?page=${page}`}`;
  if (address === false) return <span class="picture none">{grid.noImage}</span>;
  if (isBroken) return <span class="picture none">{working.notDrawable}</span>;
  return (
    <img
      class="picture"
      src={address}
      alt={name ?? ""}
      loading="lazy"
      decoding="async"
      onError={() => setBroken(true)}
    />
  );
}
