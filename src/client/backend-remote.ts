import { AppError, throwIfCancelled } from "../errors.ts";
import type { AssetValidation, Backend } from "./backend.ts";
import { downloadFrom } from "./exports.ts";
import { connectCatalog } from "./remote-catalog.ts";
import { connectEngine } from "./remote-engine.ts";
import { connectServer } from "./server.ts";
import { remoteTarget } from "./upload-target.ts";
import { connectValidation } from "./validation.ts";

const POLL_MS = 250;

/** A lake behind a server. */
export function connectBackend(url: string, token: string | undefined, scratchFolder: string): Backend {
  const server = connectServer(url, token);
  const catalog = connectCatalog(url, token);
  const validation = connectValidation(url, token);
  return {
    target: remoteTarget({ url, token, scratchFolder }),
    startJob: async () => {
      const { status, job_id: jobId } = await server.startJob();
      return { jobId, alreadyRunning: status === "already_running" };
    },
    job: server.job,
    watchJob: (jobId, signal, onUpdate) => server.watchJob(jobId, { signal, ...(onUpdate && { onUpdate }) }),
    jobs: server.jobs,
    status: async () => {
      const { job, uploads } = await server.status();
      return { job, uploads };
    },
    catalogInfo: catalog.info,
    rebuild: (full, signal) => catalog.rebuild({ full, signal }),
    partitions: async (signal) => (await catalog.partitions(signal)).partitions,
    engine: async (name) => connectEngine({ url, token, name }),
    download: (request, engine, signal) => downloadFrom(request, { url, token, engine: engine.name, signal }),
    validateAssets: async (request, signal): Promise<AssetValidation> => {
      const { validation_id: id } = await validation.start(request);
      try {
        for (;;) {
          throwIfCancelled(signal);
          const { status, summary, findings, error } = await validation.get(id);
          if (status === "completed" && summary !== null) return { summary, findings };
          if (error !== undefined) throw error;
          await Bun.sleep(POLL_MS);
        }
      } catch (error) {
        const stopped = error instanceof AppError && error.code === "cancelled" && signal.aborted;
        if (stopped) await validation.cancel(id).catch(() => {}); // it has ended meanwhile
        throw error;
      }
    },
  };
}
