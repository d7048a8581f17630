import type { Supervisor } from "../../jobs/supervisor.ts";
import { isTerminal, type JobRecord } from "../../schema/job.ts";
import { type EventOptions, streamEvents } from "./event-stream.ts";

const MIN_INTERVAL_MS = 250;

/**
 * The events of a job; a stream that breaks off before `end` is incomplete. For a slow reader only the newest state is
 * kept.
 */
export function streamJobEvents(
  supervisor: Pick<Supervisor, "subscribe">,
  job: JobRecord,
  options: EventOptions,
): Response {
  return streamEvents(({ send, end }) => {
    if (isTerminal(job)) {
      end("end", job);
      return () => {};
    }
    let sentAt = performance.now();
    send("progress", withoutUploads(job));
    return supervisor.subscribe((record) => {
      if (record.job_id !== job.job_id) return;
      // A job that a stopping server gave up is queued again: the last this server has to say of it.
      if (isTerminal(record) || record.status === "queued") return end("end", record);
      if (performance.now() - sentAt < MIN_INTERVAL_MS) return;
      sentAt = performance.now();
      send("progress", withoutUploads(record));
    });
  }, options);
}

export function withoutUploads({ uploads: _, ...progress }: JobRecord): Omit<JobRecord, "uploads"> {
  return progress;
}
