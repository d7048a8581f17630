import { effect, signal } from "@preact/signals";
import { session } from "./session.ts";

/** How often each of these has changed at the server since the page was opened. */
export const versions = signal({ generation: 0, jobs: 0, uploads: 0 });
const KINDS = ["generation", "jobs", "uploads"] as const;
const POLL_MS = 5000;

/** Hears of changes while the tab is visible: one connection, since a browser has six for all of its tabs. */
export function followChanges(): void {
  let source: EventSource | undefined;
  let poll: ReturnType<typeof setInterval> | undefined;
  const count = (...kinds: readonly (typeof KINDS)[number][]) => {
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
    for (const kind of KINDS) source.addEventListener(kind, () => count(kind));
    source.addEventListener("error", () => {
      // Closed for good: by a proxy that lets no events through, say.
      if (source?.readyState === EventSource.CLOSED)
        poll ??= setInterval(() => count("jobs", "uploads"), POLL_MS);
    });
  };
  document.addEventListener("visibilitychange", () => {
    listen();
    // What changed meanwhile.
    if (!document.hidden) count(...KINDS);
  });
  effect(() => {
    void session.value?.login;
    listen();
  });
}
