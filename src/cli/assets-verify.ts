import { AppError, throwIfCancelled } from "../errors.ts";
import type {
  AssetCheckProgress,
  AssetCheckRequest,
  AssetCheckSummary,
  AssetFinding,
} from "../schema/asset-check.ts";
import type { Effects } from "./command.ts";
import type { ProgressBar } from "./terminal.ts";

export interface VerifyOptions {
  numProc: number | undefined;
  /** Absolute. */
  report: string | undefined;
}

export interface Verified {
  summary: AssetCheckSummary;
  findings: AssetFinding[];
}

/** Checks assets in this command and its child; it only reads, so a server may be at work on the lake. */
export async function verifyHere(
  request: AssetCheckRequest,
  { numProc, report }: VerifyOptions,
  effects: Effects,
): Promise<Verified> {
  const { runAssetCheck } = await import("../jobs/asset-check-process.ts");
  const { settings, selfCommand, signal, terminal } = effects;
  const lake = await effects.openLake();
  const findings: AssetFinding[] = [];
  const bar = terminal.progress("verifying", { unit: "files" });
  try {
    const summary = await runAssetCheck(request, {
      lake,
      settings,
      selfCommand,
      concurrency: numProc,
      reports: report === undefined ? [] : [report],
      signal,
      onProgress: (progress) => show(bar, progress),
      onFinding: (finding) => findings.push(finding),
    });
    await effects.audit(`${summary.partitions} partitions`);
    return { summary, findings };
  } finally {
    bar.finish();
  }
}

const POLL_MS = 500;

/** Has the server of `--server` check them; Ctrl-C stops it there too. */
export async function verifyThere(
  url: string,
  request: AssetCheckRequest,
  { numProc, report }: VerifyOptions,
  effects: Effects,
): Promise<Verified> {
  const { connectValidation } = await import("../client/validation.ts");
  const { settings, signal, terminal } = effects;
  if (numProc !== undefined) terminal.warn("--num-proc is not used: the server checks its own way");
  const server = connectValidation(url, settings.token);
  const { validation_id: id } = await server.start(request);
  const bar = terminal.progress("verifying", { unit: "files" });
  try {
    for (;;) {
      throwIfCancelled(signal);
      const { status, progress, summary, findings, error } = await server.get(id);
      if (summary !== null && status === "completed") {
        if (report !== undefined) await server.saveReport(id, report);
        return { summary, findings };
      }
      if (status === "cancelled") throw new AppError("cancelled", `the check ${id} was cancelled`);
      if (error !== undefined) throw error;
      show(bar, progress);
      await Bun.sleep(POLL_MS);
    }
  } catch (error) {
    if (signal.aborted) await server.cancel(id).catch(() => {}); // it may have ended
    throw error;
  } finally {
    bar.finish();
  }
}

function show(bar: ProgressBar, { done, total, bytes_read, missing, corrupt }: AssetCheckProgress): void {
  const bad = missing + corrupt;
  bar.update({
    label: bad === 0 ? "verifying" : `verifying, ${bad} bad`,
    done,
    ...(total === null ? {} : { total }),
    ...(bytes_read === 0 ? {} : { bytes: bytes_read }),
  });
}
