import { expect, test } from "bun:test";
import { renderLine, renderWatched, type Watched, watchLive } from "../../src/cli/commands/process/watch.ts";
import { createProgressScreen } from "../../src/cli/terminal/progress.ts";
import type { Terminal } from "../../src/cli/terminal/terminal.ts";
import { createJobRecord } from "../../src/jobs/records.ts";
import { recorder } from "./harness.ts";

function running(): Watched & { job: ReturnType<typeof createJobRecord> } {
  const job = createJobRecord();
  Object.assign(job, { status: "running", started_at: "2026-01-01T00:00:00.000Z" });
  Object.assign(job.progress, {
    uploads_done: 3,
    uploads_total: 12,
    rows_done: 420,
    rows_total: 1000,
    images_done: 400,
    bytes_done: 1.2e9,
    rows_per_second: 84,
    bytes_per_second: 3.4e6,
    seconds_left: 7,
    step: "assets aihub/책",
  });
  return { job, waiting: 4, failed: 1, workers: { busy: 1, total: 2 } };
}

const NOW = Date.parse("2026-01-01T00:01:00.000Z");

test("the live view shows job, rows, uploads, rates, workers and time left", () => {
  const watched = running();
  expect(renderWatched(watched, NOW)).toEqual([
    `job ${watched.job.job_id} running, 1 min 00 s`,
    "rows     ━━━━━━━━━━──────────────  42%  420 of 1,000 rows  84 rows/s  7.0 s left",
    "uploads  3 of 12 done, 1 failed, 4 waiting",
    "data     400 images, 1.2 GB, 3.4 MB/s",
    "workers  1 of 2 busy",
    "now      assets aihub/책",
  ]);
  expect(renderLine(watched)).toBe("assets aihub/책  42%  420 of 1,000 rows, 1.2 GB  84 rows/s  7.0 s left");
});

test("what is not known yet is left out", () => {
  const { job } = running();
  Object.assign(job.progress, { rows_per_second: null, bytes_per_second: null, seconds_left: null });
  const lines = renderWatched({ job }, NOW);
  expect(lines[1]).toEndWith("420 of 1,000 rows");
  expect(lines.join("\n")).not.toMatch(/workers|waiting|failed|\/s/);
});

test("a watched job is drawn until it ends, and the screen is left empty", async () => {
  const stream = recorder(60);
  const { live } = createProgressScreen(stream, { quiet: false });
  const watched = running();
  const looks = [watched, { ...watched, job: { ...watched.job, status: "completed" as const } }];
  const terminal = { live } as Terminal;
  const job = await watchLive(
    { terminal, signal: new AbortController().signal },
    async () => looks.shift() ?? watched,
  );
  expect(job.status).toBe("completed");
  expect(stream.text).toContain("workers  1 of 2 busy");
  expect(stream.text).toEndWith("\r\u001b[5A\u001b[J");
});

test("Ctrl-C ends the showing", async () => {
  const stop = new AbortController();
  const { live } = createProgressScreen(recorder(60), { quiet: false });
  const terminal = { live } as Terminal;
  const look = async () => {
    stop.abort();
    return running();
  };
  await expect(watchLive({ terminal, signal: stop.signal }, look)).rejects.toMatchObject({
    code: "cancelled",
  });
});
