/** Ctrl-C during work: what a person sees at once, and what is said of what is staged. */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Effects } from "../../src/cli/arguments/command.ts";
import { describeJob } from "../../src/cli/commands/process/job-text.ts";
import { startProcessing } from "../../src/cli/commands/process/processing.ts";
import { showJob } from "../../src/cli/commands/process/show-job.ts";
import { createConsole } from "../../src/cli/terminal/console.ts";
import type { ProgressBar } from "../../src/cli/terminal/terminal.ts";
import { AppError } from "../../src/errors.ts";
import { createJobRecord, listJobs } from "../../src/jobs/records.ts";
import { makeImage, makeWorld, PROGRAM } from "../jobs/staging-kit.ts";
import { until } from "../server/server-kit.ts";
import { keyboard, recorder } from "./harness.ts";

setDefaultTimeout(120_000);

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function consoleOf(columns: number | undefined, signal: AbortSignal, quiet = false) {
  const [stdout, stderr] = [recorder(columns), recorder(columns)];
  const plain = { json: false, verbose: false, yes: false, unattended: false, color: false };
  return { stderr, terminal: createConsole({ stdin: keyboard(), stdout, stderr, signal, quiet, ...plain }) };
}

test("work that goes on after Ctrl-C says that it stops and how to end it", async () => {
  const controller = new AbortController();
  const { stderr, terminal } = consoleOf(80, controller.signal);
  const ended = consoleOf(80, controller.signal);
  const silent = [consoleOf(undefined, controller.signal), consoleOf(80, controller.signal, true)];
  controller.abort();
  ended.terminal.close(); // what has ended needs no word
  await until(async () => stderr.text !== "");
  expect(stderr.text).toBe("stopping; press Ctrl-C again to end now\n");
  expect([ended, ...silent].map((one) => one.stderr.text)).toEqual(["", "", ""]);
  terminal.close();
});

test("an upload that is stopped in its processing says what is staged and how to go on", async () => {
  const world = await makeWorld();
  ends.push(() => rm(world.folder, { recursive: true, force: true }));
  const pages = join(world.folder, "pages");
  await mkdir(pages);
  for (let at = 0; at < 60; at++) await writeFile(join(pages, `${at}.jpg`), await makeImage(at));
  const to = ["--type", "raw", "--provider", "hub", "--dataset", "d"];
  const child = Bun.spawn([...PROGRAM, "upload", pages, ...to, "--wait"], {
    env: { ...process.env, ...world.env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
  });
  // Written before the process that does the work is started.
  await until(async () => (await listJobs(world.lake, 1)).length > 0);
  child.kill("SIGINT");
  const text = await new Response(child.stdout).text();
  const [uploadId] = await readdir(world.lake.layout.pending);
  expect(await child.exited).toBe(130);
  expect(text).toStartWith(`Stopped. Upload ${uploadId} is staged: 60 rows for hub/d/raw/image`);
  expect(text).toEndWith(" `datalake process start --wait` goes on with it.\n");
});

test("a job that was stopped says what becomes of what it had not begun", () => {
  const job = createJobRecord();
  job.status = "cancelled";
  job.progress.uploads_total = 3;
  expect(describeJob(job)).toEndWith(
    "\n  what it had not begun stays staged: `datalake process start --wait` goes on with it",
  );
});

test("Ctrl-C while a server's job is followed says that it goes on", async () => {
  const { job_id: jobId } = createJobRecord();
  const { terminal } = consoleOf(80, AbortSignal.abort());
  const jobs = {
    start: async () => ({ jobId, alreadyRunning: false, server: "http://127.0.0.1:1" }),
    watch: async () => {
      throw new AppError("cancelled", "cancelled");
    },
  };
  const effects = { terminal, openClient: async () => ({ jobs }) } as unknown as Effects;
  const told = startProcessing(effects, { wait: true });
  await expect(told).rejects.toMatchObject({
    code: "cancelled",
    message: expect.stringContaining(`\`datalake process cancel ${jobId}\` stops it`),
  });
});

test("while somebody waits for an upload, the progress of others is told as theirs", () => {
  const bars: { label?: string; done?: number; total?: number }[][] = [];
  const progress = (): ProgressBar => {
    const states: (typeof bars)[number] = [];
    bars.push(states);
    return { update: ({ bytes: _, ...state }) => states.push(state), finish: () => {} };
  };
  const job = createJobRecord();
  const [theirs, mine] = [`u${"1".repeat(32)}`, `u${"2".repeat(32)}`];
  const show = showJob({ progress }, mine);
  const tell = (step: string, current?: typeof job.progress.current) =>
    show.update({ ...job, progress: { ...job.progress, rows_done: 7, rows_total: 500, step, current } });
  tell("assets hub/a", { upload_id: theirs, rows_done: 7, rows_total: 300, bytes_done: 1 });
  tell("assets hub/b", { upload_id: mine, rows_done: 2, rows_total: 8, bytes_done: 1 });
  tell("publishing the catalog");
  expect(bars).toEqual([
    [{ label: "another upload: assets hub/a", done: 7, total: 300 }],
    [{ label: "assets hub/b", done: 2, total: 8 }, { label: "publishing the catalog" }],
  ]);
});
