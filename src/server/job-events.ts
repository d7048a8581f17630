import { isTerminal } from "../jobs/records.ts";
import type { Supervisor } from "../jobs/supervisor.ts";
import type { JobRecord } from "../schema/job.ts";

const MIN_INTERVAL_MS = 250;
const KEEP_ALIVE_MS = 10_000;

/** The events of a job as `text/event-stream`; a stream that breaks off before `end` is incomplete. */
export function streamJobEvents(supervisor: Pick<Supervisor, "subscribe">, job: JobRecord): Response {
  const encoder = new TextEncoder();
  let release = () => {};
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      let sentAt = 0;
      let open = true;
      const write = (text: string) => {
        if (open) controller.enqueue(encoder.encode(text));
      };
      const end = (record: JobRecord) => {
        write(event("end", record));
        release();
        controller.close();
      };
      if (isTerminal(job)) return end(job);
      const unsubscribe = supervisor.subscribe((record) => {
        if (record.job_id !== job.job_id) return;
        // A job that a stopping server gave up is queued again: the last this server has to say of it.
        if (isTerminal(record) || record.status === "queued") return end(record);
        if (performance.now() - sentAt < MIN_INTERVAL_MS) return;
        sentAt = performance.now();
        const { uploads: _, ...progress } = record;
        write(event("progress", progress));
      });
      const keepAlive = setInterval(() => write(": still here\n\n"), KEEP_ALIVE_MS);
      release = () => {
        open = false;
        unsubscribe();
        clearInterval(keepAlive);
      };
      const { uploads: _, ...progress } = job;
      write(event("progress", progress));
    },
    cancel: () => release(),
  });
  return new Response(body, {
    headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
  });
}

function event(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
