import type { Supervisor } from "../../jobs/supervisor.ts";
import { isTerminal, type JobRecord } from "../../schema/job.ts";

const MIN_INTERVAL_MS = 250;
const KEEP_ALIVE_MS = 10_000;
/** A client that reads nothing for this long is gone. */
const STALL_MS = 60_000;

export interface EventOptions {
  /** Ends the connection. */
  cutOff(): void;
  stallMs?: number;
}

/**
 * The events of a job as `text/event-stream`; a stream that breaks off before `end` is incomplete. For a slow
 * reader only the newest state is kept; one that reads nothing is cut off.
 */
export function streamJobEvents(
  supervisor: Pick<Supervisor, "subscribe">,
  job: JobRecord,
  { cutOff, stallMs = STALL_MS }: EventOptions,
): Response {
  const encoder = new TextEncoder();
  let next: string | undefined;
  let ended = false;
  let wake = () => {};
  let stalled: ReturnType<typeof setTimeout> | undefined;
  let release = () => {};
  const offer = (text: string) => {
    next = text;
    wake();
  };
  const end = (record: JobRecord) => {
    ended = true;
    offer(event("end", record));
    release();
  };
  const begin = () => {
    if (isTerminal(job)) return end(job);
    let sentAt = performance.now();
    const unsubscribe = supervisor.subscribe((record) => {
      if (record.job_id !== job.job_id) return;
      // A job that a stopping server gave up is queued again: the last this server has to say of it.
      if (isTerminal(record) || record.status === "queued") return end(record);
      if (performance.now() - sentAt < MIN_INTERVAL_MS) return;
      sentAt = performance.now();
      offer(event("progress", withoutUploads(record)));
    });
    const keepAlive = setInterval(() => {
      if (next === undefined) offer(": still here\n\n");
    }, KEEP_ALIVE_MS);
    release = () => {
      unsubscribe();
      clearInterval(keepAlive);
    };
    offer(event("progress", withoutUploads(job)));
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start: begin,
      // Is called again when the reader has taken what was given before.
      pull: async (controller) => {
        clearTimeout(stalled);
        while (next === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        controller.enqueue(encoder.encode(next));
        next = undefined;
        if (ended) return controller.close();
        stalled = setTimeout(() => {
          release();
          controller.error(); // without an error, which the runtime would print
          cutOff();
        }, stallMs);
      },
      cancel: () => {
        clearTimeout(stalled);
        release();
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, {
    headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
  });
}

function withoutUploads({ uploads: _, ...progress }: JobRecord): Omit<JobRecord, "uploads"> {
  return progress;
}

function event(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
