import { useEffect, useState } from "preact/hooks";
import type { ExportState } from "../../../schema/export.ts";
import { type RequestFailure, request } from "../../api/request.ts";
import { selectionBody } from "../../state/selection.ts";
import { formatBytes, formatNumber, texts } from "../../texts/texts.ts";
import type { Taken } from "./commands.ts";

export interface PrepareExportProps {
  taken: Taken;
  format: string;
  samples: { split?: Record<string, number>; prompt?: string } | undefined;
}

const POLL_MS = 500;

/** Has the server put the output together, and offers its files. */
export function PrepareExport({ taken, format, samples }: PrepareExportProps) {
  const { taking, cancel, failed } = texts();
  const [state, setState] = useState<ExportState>();
  const [problem, setProblem] = useState<string>();
  const tell = (failure: unknown) => setProblem((failure as RequestFailure).message || failed);
  const isRunning = state !== undefined && (state.status === "queued" || state.status === "running");
  const id = state?.export_id;
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => {
      request<ExportState>(`/exports/${id}`).then(setState, (failure) => {
        clearInterval(timer);
        tell(failure);
      });
    }, POLL_MS);
    return () => clearInterval(timer);
  }, [isRunning, id]);
  const start = () => {
    const query = "keys" in taken ? { rows: taken.keys } : selectionBody(taken.selection);
    const body = { ...query, format, ...(samples && { samples }) };
    setProblem(undefined);
    request<ExportState>("/exports", { method: "POST", body }).then(setState, tell);
  };
  const stop = () => {
    request(`/exports/${id}`, { method: "DELETE" }).catch(() => {}); // it may have ended
    setState(undefined);
  };
  return (
    <div class="prepare" role="status">
      {problem !== undefined && <p class="problem">{problem}</p>}
      {state === undefined && (
        <button type="button" class="primary" onClick={start}>
          {taking.prepare}
        </button>
      )}
      {isRunning && (
        <>
          <p>
            {taking.preparing(
              formatNumber(state.progress.rows_done),
              formatNumber(state.progress.rows_total),
            )}
          </p>
          <progress
            aria-label={taking.prepare}
            max={state.progress.rows_total || 1}
            value={state.progress.rows_done}
          />
          <button type="button" onClick={stop}>
            {cancel}
          </button>
        </>
      )}
      {state?.error && <p class="problem">{state.error.message}</p>}
      {state?.status === "completed" && <Files state={state} />}
    </div>
  );
}

const SHOWN = 200;

function Files({ state: { export_id: id, files } }: { state: ExportState }) {
  const { taking } = texts();
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return (
    <>
      <p>{taking.ready(formatNumber(files.length), formatBytes(bytes))}</p>
      <ul class="files">
        {files.slice(0, SHOWN).map(({ name, bytes: size }) => (
          <li key={name}>
            <a
              href={`/exports/${id}/files/${name.split("/").map(encodeURIComponent).join("/")}`}
              download={name.split("/").at(-1)}
            >
              {name}
            </a>{" "}
            <span class="quiet">{formatBytes(size)}</span>
          </li>
        ))}
      </ul>
      {files.length > SHOWN && <p class="quiet">{taking.moreFiles(formatNumber(files.length - SHOWN))}</p>}
    </>
  );
}
