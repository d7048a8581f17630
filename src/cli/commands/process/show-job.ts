import type { JobUpdate } from "../../../client/lake-client.ts";
import type { ProgressBar, Terminal } from "../../terminal/terminal.ts";

/** A bar for a job; with `uploadId` one for each upload in work, and those of others are named as such. */
export function showJob(terminal: Pick<Terminal, "progress">, uploadId?: string) {
  const open = () => terminal.progress("processing", { unit: "rows" });
  const shown: { bar: ProgressBar; uploadId: string | undefined } = { bar: open(), uploadId: undefined };
  const barOf = (id: string) => {
    if (shown.uploadId === id) return shown.bar;
    // A new bar: rate and time left are those of this upload.
    if (shown.uploadId !== undefined) {
      shown.bar.finish();
      shown.bar = open();
    }
    shown.uploadId = id;
    return shown.bar;
  };
  return {
    update: ({ progress }: JobUpdate) => {
      const { current, step } = progress;
      if (uploadId !== undefined && current !== undefined) {
        barOf(current.upload_id).update({
          done: current.rows_done,
          total: current.rows_total,
          bytes: current.bytes_done,
          label: current.upload_id === uploadId ? step : `another upload: ${step}`,
        });
      } else if (shown.uploadId !== undefined) {
        shown.bar.update({ label: step });
      } else {
        const { rows_done: done, rows_total: total, bytes_done: bytes } = progress;
        shown.bar.update({ done, total, bytes, label: step });
      }
    },
    finish: () => shown.bar.finish(),
  };
}
