import type { Supervisor } from "../../jobs/supervisor.ts";
import { namesIn } from "../../lake/files.ts";
import type { Lake } from "../../lake/lake.ts";
import type { JobRecord } from "../../schema/job.ts";
import { type EventOptions, streamEvents } from "../http/event-stream.ts";
import { withoutUploads } from "../http/job-events.ts";

/** How often the lake is looked at: a NAS tells of no changes. */
const LOOK_MS = 2000;
const MIN_INTERVAL_MS = 500;

export interface LakeEventSources {
  lake: Lake;
  supervisor: Pick<Supervisor, "subscribe" | "running">;
  /** Of the catalog. */
  version(): Promise<string>;
  /** A job as the reader may see it. */
  shown(job: JobRecord): JobRecord;
}

/**
 * Events `job` (the running or ended job, without its uploads), `uploads` (how many are pending, in work, failed) and
 * `catalog` (its version), each first as it is and then whenever it changes.
 */
export function streamLakeEvents(
  { lake, supervisor, version, shown }: LakeEventSources,
  options: EventOptions,
): Response {
  return streamEvents(({ send }) => {
    const told = new Map<string, string>();
    const tell = (name: string, data: unknown) => {
      const text = JSON.stringify(data);
      if (told.get(name) === text) return;
      told.set(name, text);
      send(name, data);
    };
    const look = async () => {
      const { pending, processing, failed } = lake.layout;
      const counts = await Promise.all([pending, processing, failed].map((folder) => namesIn(folder)));
      const [waiting, working, left] = counts.map((names) => names.length);
      tell("uploads", { pending: waiting, processing: working, failed: left });
      tell("catalog", { version: await version().catch(() => null) });
    };
    const quietly = () => void look().catch(() => {}); // the lake may be away for a moment
    const running = supervisor.running();
    if (running !== undefined) tell("job", withoutUploads(shown(running)));
    let sentAt = 0;
    const unsubscribe = supervisor.subscribe((record) => {
      const isRunning = record.status === "running";
      if (isRunning && performance.now() - sentAt < MIN_INTERVAL_MS) return;
      sentAt = performance.now();
      tell("job", withoutUploads(shown(record)));
      if (!isRunning) quietly();
    });
    const timer = setInterval(quietly, LOOK_MS);
    quietly();
    return () => {
      clearInterval(timer);
      unsubscribe();
    };
  }, options);
}
