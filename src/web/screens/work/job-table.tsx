import type { JobRecord } from "../../../schema/job.ts";
import { FailureText } from "../../parts/failure-text.tsx";
import { formatNumber, formatTime, texts } from "../../texts/texts.ts";

/** A job goes on after an upload that failed, and is done in the end. */
function FailedUploads({ count }: { count: number }) {
  if (count === 0) return null;
  return (
    <span class="problem">
      {" "}
      ({texts().working.states.failed}: {formatNumber(count)})
    </span>
  );
}

/** The newest jobs. */
export function JobTable({ jobs }: { jobs: readonly JobRecord[] }) {
  const { working } = texts();
  return (
    <section>
      <h2>{working.jobs}</h2>
      {jobs.length === 0 ? (
        <p class="quiet">{working.noJobs}</p>
      ) : (
        <table class="rows">
          <thead>
            <tr>
              <th scope="col">{working.state}</th>
              <th scope="col">{working.when}</th>
              <th scope="col" class="number">
                {working.uploads}
              </th>
              <th scope="col" class="number">
                {working.rows}
              </th>
            </tr>
          </thead>
          <tbody>
            {jobs.map(({ job_id: id, status, created_at: at, uploads, error }) => (
              <tr key={id} data-job={id}>
                <td data-label={working.state}>
                  <span class={`state ${status}`}>{working.jobStates[status]}</span>
                  {error && (
                    <p class="problem">
                      <FailureText failure={error} />
                    </p>
                  )}
                </td>
                <td data-label={working.when}>{formatTime(at)}</td>
                <td class="number" data-label={working.uploads}>
                  {formatNumber(uploads.length)}
                  <FailedUploads count={uploads.filter((one) => one.status === "failed").length} />
                </td>
                <td class="number" data-label={working.rows}>
                  {formatNumber(uploads.reduce((sum, { rows }) => sum + rows, 0))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
