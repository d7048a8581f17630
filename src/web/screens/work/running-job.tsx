import type { JobRecord } from "../../../schema/job.ts";
import { Progress } from "../../parts/progress.tsx";
import { liveJob } from "../../state/changes.ts";
import { may } from "../../state/session.ts";
import { stepText } from "../../texts/step-text.ts";
import { formatNumber, formatSpan, texts } from "../../texts/texts.ts";

export interface RunningJobProps {
  jobs: readonly JobRecord[];
  pending: number;
  onStart(): void;
  onCancel(id: string): void;
}

/** The job that runs, as it goes; or what waits for one. */
export function RunningJob({ jobs, pending, onStart, onCancel }: RunningJobProps) {
  const { working, cancel } = texts();
  const known = jobs.find(({ status }) => status === "running" || status === "queued");
  const job = known && (liveJob.value?.job_id === known.job_id ? liveJob.value : known);
  if (job === undefined || (job.status !== "running" && job.status !== "queued")) {
    return (
      <p class="card idle">
        {pending === 0 ? working.idle : working.waiting(formatNumber(pending))}{" "}
        {pending > 0 && may("curator") && (
          <button type="button" class="primary" onClick={onStart}>
            {working.process}
          </button>
        )}
      </p>
    );
  }
  const { step, rows_done, rows_total, seconds_left: left, rows_per_second: rate } = job.progress;
  return (
    <div class="card">
      <Progress label={working.running} done={rows_done} total={rows_total} />
      <p class="quiet">
        {stepText(step, working.steps)}
        {rate !== null && ` · ${working.rate(formatNumber(Math.round(rate)))}`}
        {left !== null && ` · ${working.left(formatSpan(Math.ceil(left)))}`}
      </p>
      {may("curator") && (
        <button type="button" onClick={() => onCancel(job.job_id)}>
          {cancel}
        </button>
      )}
    </div>
  );
}
