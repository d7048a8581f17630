import * as v from "valibot";
import { childEnvironment, type Settings } from "../config.ts";
import { AppError, ERROR_CODES, type ErrorCode } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import type { ExportFile, RemoteExport } from "../schema/export.ts";
import { sendToBackground } from "../util/background.ts";
import { readLines } from "../util/lines.ts";
import { type ExportMessage, ExportMessageSchema, type ExportOrder } from "./export-child.ts";

/** The hidden command with which this program makes an export. */
export const EXPORT_COMMAND = "__export";

export interface ExportRun {
  lake: Lake;
  settings: Settings;
  /** The program and its leading arguments, without a command. */
  selfCommand: string[];
  /** A new folder. */
  output: string;
  signal: AbortSignal;
  onProgress(rowsDone: number, rowsTotal: number): void;
}

const STOP_TIMEOUT_MS = 5000;

/**
 * Makes an export in a child process, which stands behind those whom somebody waits for. Throws what it threw,
 * `cancelled`, or `worker_crashed` when it died; nothing is left then, unless it was killed.
 */
export async function runExport(
  request: RemoteExport,
  { lake, settings, selfCommand, output, signal, onProgress }: ExportRun,
): Promise<{ result: { rows: number; bytes: number; missing: number }; files: ExportFile[] }> {
  const child = Bun.spawn([...selfCommand, EXPORT_COMMAND], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
    detached: true, // Ctrl-C at the terminal reaches the server only, which then stops the child
    env: childEnvironment({}),
  });
  sendToBackground(child.pid);
  const order: ExportOrder = {
    lake: { root: lake.root, modes: lake.modes },
    settings: settings as unknown as ExportOrder["settings"],
    request,
    output,
  };
  child.stdin.write(`${JSON.stringify(order)}\n`);
  child.stdin.flush();
  let killer: ReturnType<typeof setTimeout> | undefined;
  const stop = () => {
    void Promise.resolve(child.stdin.end()).catch(() => {}); // it may be gone
    killer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  };
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  let end: Exclude<ExportMessage, { type: "progress" }> | undefined;
  try {
    for await (const line of readLines(child.stdout)) {
      const message = v.parse(v.pipe(v.string(), v.parseJson(), ExportMessageSchema), line);
      if (message.type === "progress") onProgress(message.rows_done, message.rows_total);
      else end = message;
      if (end) void Promise.resolve(child.stdin.end()).catch(() => {});
    }
    await child.exited;
  } finally {
    signal.removeEventListener("abort", stop);
    clearTimeout(killer);
    child.kill("SIGKILL");
  }
  if (end?.type === "done") return end;
  if (signal.aborted) throw new AppError("cancelled", "cancelled");
  if (end === undefined) {
    const how = child.signalCode ?? `code ${child.exitCode}`;
    throw new AppError("worker_crashed", `the process that made the export died (${how}); run it again`);
  }
  const { code, message, details } = end.error;
  if (code === "no_space") {
    throw new AppError(
      "no_space",
      "the server has no space left to put the rows together; free some in its scratch folder, or ask for fewer rows",
    );
  }
  const known = code in ERROR_CODES ? (code as ErrorCode) : "internal";
  throw new AppError(known, message, details === undefined ? {} : { details });
}
