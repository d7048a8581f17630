import { useEffect, useState } from "preact/hooks";
import type { ExportState } from "../../../schema/export.ts";
import { type RequestFailure, request } from "../../api/request.ts";
import { FailureText } from "../../parts/failure-text.tsx";
import { selectionBody } from "../../state/selection.ts";
import { formatNumber, texts } from "../../texts/texts.ts";
import type { Taken } from "./commands.ts";
import { ExportFiles } from "./export-files.tsx";

export interface PrepareExportProps {
  taken: Taken;
  format: string;
  /** Of the output. */
  name: string;
  samples: { split?: Record<string, number>; prompt?: string } | undefined;
}

const POLL_MS = 500;

/** Has the server put the output together, and offers its files. */
export function PrepareExport({ taken, format, name, samples }: PrepareExportProps) {
  const { taking, cancel } = texts();
  const [state, setState] = useState<ExportState>();
  const [problem, setProblem] = useState<RequestFailure>();
  const isRunning = state !== undefined && (state.status === "queued" || state.status === "running");
  const id = state?.export_id;
  const failure = problem ?? state?.error;
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => {
      request<ExportState>(`/exports/${id}`).then(setState, (failure) => {
        clearInterval(timer);
        setProblem(failure);
      });
    }, POLL_MS);
    return () => clearInterval(timer);
  }, [isRunning, id]);
  const start = () => {
    const query = "keys" in taken ? { rows: taken.keys } : selectionBody(taken.selection);
    const body = { ...query, format, ...(samples && { samples }) };
    setProblem(undefined);
    request<ExportState>("/exports", { method: "POST", body }).then(setState, setProblem);
  };
  const stop = () => {
    request(`/exports/${id}`, { method: "DELETE" }).catch(() => {}); // it may have ended
    setState(undefined);
  };
  return (
    <div class="prepare" role="status">
      {failure && (
        <p class="problem">
          <FailureText failure={failure} />
        </p>
      )}
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
      {state?.status === "completed" && <ExportFiles state={state} name={name} />}
    </div>
  );
}
