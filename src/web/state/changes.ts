import { effect, signal } from "@preact/signals";
import type { JobRecord } from "../../schema/job.ts";
import { session } from "./session.ts";

/** How often each of these has changed at the server since the page was opened. */
export const versions = signal({ generation: 0, jobs: 0, uploads: 0 });
type Kind = keyof typeof versions.value;
/** The running job, as the server last told it. */
export const liveJob = signal<Omit<JobRecord, "uploads"> | undefined>(undefined);

/** Events of the server: each comes once as it is, then whenever it changes. */
const EVENTS: Record<string, Kind> = { catalog: "generation", job: "jobs", uploads: "uploads" };
const POLL_MS = 5000;

/** Hears of changes while the tab is visible: one connection, since a browser has six for all of its tabs. */
export function followChanges(): void {
  let source: EventSource | undefined;
  let poll: ReturnType<typeof setInterval> | undefined;
  const count = (...kinds: readonly Kind[]) => {
    const next = { ...versions.peek() };
    for (const kind of kinds) next[kind]++;
    versions.value = next;
  };
  const close = () => {
    source?.close();
    source = undefined;
    clearInterval(poll);
    poll = undefined;
  };
  const listen = () => {
    close();
    if (document.hidden || session.peek() === undefined || session.peek()?.login === "needed") return;
    source = new EventSource("/events");
    const told = new Set<string>();
    for (const [name, kind] of Object.entries(EVENTS)) {
      source.addEventListener(name, ({ data }) => {
        const before = liveJob.peek();
        if (name === "job") liveJob.value = JSON.parse(data) as JobRecord;
        // The progress of the job that is known is no change of the list.
        const isSame = before?.job_id === liveJob.peek()?.job_id && before?.status === liveJob.peek()?.status;
        if (told.has(name) && !(name === "job" && isSame)) count(kind);
        told.add(name);
      });
    }
    source.addEventListener("error", () => {
      // Closed for good: by a proxy that lets no events through, say.
      if (source?.readyState === EventSource.CLOSED)
        poll ??= setInterval(() => count("jobs", "uploads"), POLL_MS);
    });
  };
  document.addEventListener("visibilitychange", () => {
    listen();
    // What changed meanwhile.
    if (!document.hidden) count("generation", "jobs", "uploads");
  });
  effect(() => {
    void session.value?.login;
    listen();
  });
}
