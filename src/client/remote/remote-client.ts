import { AppError, throwIfCancelled } from "../../errors.ts";
import type { AssetCheckRequest } from "../../schema/asset-check.ts";
import type { AssetValidation, JobsClient, LakeClient, VerifyOptions } from "../lake-client.ts";
import { connectCatalog, retryUpload } from "./catalog.ts";
import { connectEngine } from "./engine.ts";
import { downloadFrom } from "./exports.ts";
import { connectServer } from "./server.ts";
import { connectTaxonomy } from "./taxonomy.ts";
import { remoteTarget } from "./upload-target.ts";
import { connectValidation, type ValidationClient } from "./validation.ts";

export interface RemoteOptions {
  url: string;
  token: string | undefined;
  /** Local folder for rows on their way. */
  scratchFolder: string;
}

/** A lake behind a server. */
export function remoteClient({ url, token, scratchFolder }: RemoteOptions): LakeClient {
  const server = connectServer(url, token);
  const validation = connectValidation(url, token);
  return {
    taxonomy: connectTaxonomy(url, token),
    uploads: {
      destination: async () => remoteTarget({ url, token, scratchFolder }),
      list: server.uploads,
      rejects: server.rejects,
      retry: (uploadId) => retryUpload(url, token, uploadId),
    },
    jobs: remoteJobs(server),
    catalog: connectCatalog(url, token),
    assets: { verify: (request, options) => verify(validation, request, options) },
    engine: async (name) => connectEngine({ url, token, name }),
    download: (request, engine, options) =>
      downloadFrom(request, { url, token, engine: engine.name, ...options }),
  };
}

function remoteJobs(server: ReturnType<typeof connectServer>): JobsClient {
  return {
    start: async () => {
      const { status, job_id: jobId } = await server.startJob();
      return { jobId, alreadyRunning: status === "already_running", server: server.url };
    },
    get: server.job,
    list: server.jobs,
    status: async () => {
      const { job, uploads, workers } = await server.status();
      return { job, uploads, workers, isHeld: true };
    },
    watch: server.watchJob,
    cancel: server.cancelJob,
  };
}

const POLL_MS = 250;

/** Has the server check assets; who gives up stops it there too. */
async function verify(
  validation: ValidationClient,
  request: AssetCheckRequest,
  { signal, onProgress, report }: VerifyOptions,
): Promise<AssetValidation> {
  const { validation_id: id } = await validation.start(request);
  try {
    for (;;) {
      throwIfCancelled(signal);
      const { status, progress, summary, findings, error } = await validation.get(id);
      if (status === "completed" && summary !== null) {
        if (report !== undefined) await validation.saveReport(id, report);
        return { summary, findings };
      }
      if (status === "cancelled") throw new AppError("cancelled", `the check ${id} was cancelled`);
      if (error !== undefined) throw error;
      onProgress?.(progress);
      await Bun.sleep(POLL_MS);
    }
  } catch (error) {
    if (signal.aborted) await validation.cancel(id).catch(() => {}); // it may have ended
    throw error;
  }
}
