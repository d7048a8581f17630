import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { createJobRecord } from "../../src/jobs/records.ts";
import type { JobRecord } from "../../src/schema/job.ts";
import { streamJobEvents } from "../../src/server/http/job-events.ts";
import { until } from "./server-kit.ts";

setDefaultTimeout(120_000);

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A server of one job, whose changes a test makes. */
function serveEvents(options: { stallMs?: number; isKnown?(): boolean } = {}) {
  const record: JobRecord = { ...createJobRecord(), status: "running" };
  const listeners = new Set<(record: JobRecord) => void>();
  const subscribe = (listener: (record: JobRecord) => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const server = Bun.serve({
    port: 0,
    error: () => new Response(),
    fetch: (request) => {
      server.timeout(request, 0);
      const cutOff = () => server.timeout(request, 1);
      return streamJobEvents({ subscribe }, record, { cutOff, isKnown: () => true, ...options });
    },
  });
  cleanups.push(() => void server.stop(true));
  return {
    url: server.url,
    listeners,
    openCount: () => server.pendingRequests,
    change: (step: string, status: JobRecord["status"] = "running") => {
      for (const listener of listeners)
        listener({ ...record, status, progress: { ...record.progress, step } });
    },
  };
}

test("a reader is told what changes, and how it ends", async () => {
  const { url, listeners, change } = serveEvents();
  let text = "";
  const read = async () => {
    const decoder = new TextDecoder();
    for await (const chunk of (await fetch(url)).body ?? []) text += decoder.decode(chunk, { stream: true });
  };
  const reading = read();
  // Each is taken before the next: of what waits, only the newest is told.
  await until(async () => text.includes("event: progress"));
  await Bun.sleep(300); // more often than that nobody is told
  change("half");
  await until(async () => text.includes('"step":"half"'));
  change("all", "completed");
  await reading;
  expect(text.match(/^event: \w+$/gm)).toEqual(["event: progress", "event: progress", "event: end"]);
  expect(listeners.size).toBe(0);
});

test("a reader whose session ended is told no more", async () => {
  let isKnown = true;
  const { url, listeners, change } = serveEvents({ isKnown: () => isKnown });
  const answer = fetch(url).then((response) => response.text());
  await until(async () => listeners.size === 1);
  isKnown = false;
  await until(async () => listeners.size === 0);
  change("all", "completed");
  expect((await answer).match(/^event: \w+$/gm)).toEqual(["event: progress", "event: ended"]);
});

test("a reader who takes nothing costs no memory, and is cut off", async () => {
  const { url, listeners, openCount, change } = serveEvents({ stallMs: 1000 });
  const socket: Socket = connect(Number(url.port), "127.0.0.1", () =>
    socket.write("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
  );
  cleanups.push(() => socket.destroy());
  socket.on("error", () => {});
  socket.once("data", () => socket.pause());
  await until(async () => listeners.size === 1);
  // Each as large as all that the connection's buffers take; every one of them would be held.
  const step = "s".repeat(8 * 1024 * 1024);
  const before = process.memoryUsage.rss();
  const deadline = performance.now() + 60_000;
  while (listeners.size > 0 && performance.now() < deadline) {
    change(step);
    await Bun.sleep(260);
  }
  expect(listeners.size).toBe(0);
  await until(async () => openCount() === 0);
  expect(process.memoryUsage.rss() - before).toBeLessThan(400 * 1024 * 1024);
});
