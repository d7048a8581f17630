import { AppError, throwIfCancelled } from "../../../errors.ts";
import { isTerminal, type JobRecord } from "../../../schema/job.ts";
import { formatBytes, formatCount, formatDuration, formatQuantity } from "../../../util/format.ts";
import type { Effects } from "../../arguments/command.ts";
import { renderProgress } from "../../terminal/progress.ts";

/** A snapshot of a job and its surroundings. */
export interface Watched {
  job: Omit<JobRecord, "uploads"> & { uploads?: JobRecord["uploads"] };
  /** Where it is known. */
  waiting?: number | undefined;
  failed?: number | undefined;
  workers?: { busy: number; total: number } | undefined;
}

const LOOK_MS = 500;
/** Failed polls that are tolerated: a restarted server continues the job. */
const PATIENCE = 20;

/**
 * Shows a job until it ends, looked at by `look`, and returns its final record; Ctrl-C stops the view, not the job.
 */
export async function watchLive(
  effects: Pick<Effects, "terminal" | "signal">,
  look: () => Promise<Watched & { job: JobRecord }>,
): Promise<JobRecord> {
  const view = effects.terminal.live();
  let away = 0;
  try {
    for (;;) {
      const seen = await look().catch((error: unknown) => {
        const isAway = error instanceof AppError && error.code === "server_unreachable";
        if (!isAway || ++away > PATIENCE) throw error;
        return undefined;
      });
      throwIfCancelled(effects.signal);
      if (seen === undefined) {
        await Bun.sleep(LOOK_MS);
        continue;
      }
      away = 0;
      if (isTerminal(seen.job)) return seen.job;
      view.update(renderWatched(seen, Date.now()), renderLine(seen));
      await Bun.sleep(LOOK_MS);
    }
  } finally {
    view.finish();
  }
}

/** The live view, line by line. */
export function renderWatched(watched: Watched, nowMs: number): string[] {
  const { job, waiting, failed, workers } = watched;
  const { progress } = job;
  const elapsed = elapsedSeconds(job, nowMs);
  const uploads = [
    `${formatCount(progress.uploads_done)} of ${formatCount(progress.uploads_total)} done`,
    ...(failed === undefined || failed === 0 ? [] : [`${formatCount(failed)} failed`]),
    ...(waiting === undefined ? [] : [`${formatCount(waiting)} waiting`]),
  ];
  const data = [
    formatQuantity(progress.images_done, "image"),
    formatBytes(progress.bytes_done),
    ...(progress.bytes_per_second == null ? [] : [`${formatBytes(progress.bytes_per_second)}/s`]),
  ];
  const bar = renderProgress(
    { label: "rows   ", done: progress.rows_done, total: progress.rows_total },
    "rows",
    0,
    true,
  );
  return [
    `job ${job.job_id} ${job.status}, ${formatDuration(elapsed)}`,
    [bar, ...pace(job)].join("  "),
    `uploads  ${uploads.join(", ")}`,
    `data     ${data.join(", ")}`,
    ...(workers === undefined ? [] : [`workers  ${workers.busy} of ${workers.total} busy`]),
    `now      ${progress.step}`,
  ];
}

/** The same in one line. */
export function renderLine({ job }: Watched): string {
  const { step, rows_done: done, rows_total: total, bytes_done: bytes } = job.progress;
  return [renderProgress({ label: step, done, total, bytes }, "rows", 0, false), ...pace(job)].join("  ");
}

/** Rows per second and time left, by the job's own clock: a continued job has done a part before. */
function pace({ progress }: Watched["job"]): string[] {
  const { rows_per_second: rate, seconds_left: left } = progress;
  return [
    ...(rate === null ? [] : [`${formatCount(rate)} rows/s`]),
    ...(left === null ? [] : [`${formatDuration(left)} left`]),
  ];
}

function elapsedSeconds({ started_at }: Watched["job"], nowMs: number): number {
  return started_at === null ? 0 : Math.max(0, (nowMs - Date.parse(started_at)) / 1000);
}
