import type { VerifiedAssets } from "../../../client/lake-client.ts";
import type { VerifyProgress, VerifyRequest } from "../../../schema/verification.ts";
import type { Effects } from "../../arguments/command.ts";
import { remoteUrl } from "../../arguments/remote.ts";
import type { ProgressBar } from "../../terminal/terminal.ts";

export interface VerifyOptions {
  numProc: number | undefined;
  /** Absolute. */
  report: string | undefined;
}

/** Verifies assets with a progress bar; Ctrl-C stops it, at a server too. */
export async function verifyAssets(
  request: VerifyRequest,
  { numProc, report }: VerifyOptions,
  effects: Effects,
): Promise<VerifiedAssets> {
  const { terminal, signal } = effects;
  if (numProc !== undefined && remoteUrl(effects) !== undefined) {
    terminal.warn("--num-proc is ignored: the server uses its own setting");
  }
  const { assets } = await effects.openClient();
  const bar = terminal.progress("verifying", { unit: "files" });
  const onProgress = (progress: VerifyProgress) => show(bar, progress);
  return assets
    .verify(request, { signal, onProgress, report, concurrency: numProc })
    .finally(() => bar.finish());
}

function show(bar: ProgressBar, { done, total, bytes_read, missing, corrupt }: VerifyProgress): void {
  const bad = missing + corrupt;
  bar.update({
    label: bad === 0 ? "verifying" : `verifying, ${bad} bad`,
    done,
    ...(total === null ? {} : { total }),
    ...(bytes_read === 0 ? {} : { bytes: bytes_read }),
  });
}
