import { fileURLToPath } from "node:url";
import type { Settings } from "../config.ts";
import { modesOf, staleMsOf } from "../config.ts";
import { AppError, throwIfCancelled } from "../errors.ts";
import { localTarget } from "../ingest/local-target.ts";
import { openLake } from "../lake/lake.ts";
import { countUploads } from "../lake/staged-entries.ts";
import { createView } from "../lake/view.ts";
import { silentLogger } from "../log.ts";
import type { JobRecord } from "../schema/job.ts";
import type { Backend, StartedJob } from "./backend.ts";
import { findServerOf } from "./local-server.ts";
import { findHolder } from "./locate.ts";
import { connectServer } from "./server.ts";

const POLL_MS = 200;

/**
 * A lake by its folder. Jobs are run by the server that holds the lake, else by this process and a child of it.
 * `signal` ends those too.
 */
export async function openBackend(root: string, settings: Settings, signal: AbortSignal): Promise<Backend> {
  const view = createView({ staleMs: staleMsOf(settings), signal });
  const lake = await openLake(root, modesOf(settings), view);
  /** Jobs of this process on their way. */
  const running = new Map<string, Promise<JobRecord>>();
  const selfCommand = [process.execPath, fileURLToPath(new URL("../main.ts", import.meta.url))];

  const readRecord = async (jobId: string) => (await import("../jobs/records.ts")).readJob(lake, jobId);
  const jobs = async (limit: number) => (await import("../jobs/records.ts")).listJobs(lake, limit);
  const runHere = async (): Promise<StartedJob> => {
    const [{ acquireLease }, { runJob }, { createJobRecord, findUnfinishedJob }] = await Promise.all([
      import("../lake/lease.ts"),
      import("../jobs/run-job.ts"),
      import("../jobs/records.ts"),
    ]);
    const lease = await acquireLease(lake.layout.processLease, { purpose: "a program that uses the lake" });
    const record = (await findUnfinishedJob(lake)) ?? createJobRecord();
    const begun = Promise.withResolvers<void>();
    const job = runJob({
      lake,
      settings,
      selfCommand,
      logger: silentLogger,
      signal: AbortSignal.any([signal, lease.lost]),
      record,
      onChange: () => begun.resolve(),
      confirm: lease.confirm,
    }).finally(() => lease.release());
    running.set(record.job_id, job);
    job.catch(() => {}).finally(() => running.delete(record.job_id));
    await Promise.race([begun.promise, job]);
    return { jobId: record.job_id, alreadyRunning: false };
  };

  return {
    target: localTarget(lake),
    startJob: async () => {
      const [own] = running.keys();
      if (own !== undefined) return { jobId: own, alreadyRunning: true };
      const url = await findServerOf(lake, settings.namedServer);
      if (url === undefined) return runHere();
      const { status, job_id: jobId } = await connectServer(url, settings.token).startJob();
      return { jobId, alreadyRunning: status === "already_running" };
    },
    job: readRecord,
    watchJob: async (jobId, stop, onUpdate) => {
      const { isTerminal } = await import("../jobs/records.ts");
      for (;;) {
        throwIfCancelled(stop);
        const job = await readRecord(jobId);
        if (isTerminal(job)) {
          await running.get(jobId);
          return job;
        }
        onUpdate?.(job);
        if (!running.has(jobId) && (await findHolder(lake)) === undefined) {
          const now = await readRecord(jobId); // it may have ended between the two looks
          if (isTerminal(now)) return now;
          throw new AppError(
            "conflict",
            `job ${jobId} is ${now.status} but nobody works on it; start processing`,
          );
        }
        await Bun.sleep(POLL_MS);
      }
    },
    jobs,
    status: async () => {
      const { findUnfinishedJob } = await import("../jobs/records.ts");
      const job = (await findUnfinishedJob(lake)) ?? null;
      return { job, uploads: await countUploads(lake) };
    },
    catalogInfo: async () => (await import("../catalog/info.ts")).catalogInfo({ lake, settings }),
    rebuild: async (full, stop) => {
      const { refreshCatalog } = await import("../catalog/refresh.ts");
      return refreshCatalog({ lake, settings, full, logger: silentLogger, signal: stop });
    },
    partitions: async () => {
      const { catalogPartitions } = await import("../catalog/info.ts");
      return (await catalogPartitions({ lake, settings })).partitions;
    },
    engine: async (name) => {
      const { createEngine } = await import("../query/create-engine.ts");
      return createEngine(name, async () => lake, settings);
    },
    download: async (request, engine, stop) => {
      const { exportRows } = await import("../export/export.ts");
      return exportRows(request, { lake, engine, signal: stop });
    },
    validateAssets: async (request, stop) => {
      const { runAssetCheck } = await import("../jobs/asset-check-process.ts");
      const findings: Awaited<ReturnType<Backend["validateAssets"]>>["findings"] = [];
      const summary = await runAssetCheck(request, {
        lake,
        settings,
        selfCommand,
        reports: [],
        signal: stop,
        onProgress: () => {},
        onFinding: (finding) => findings.push(finding),
      });
      return { summary, findings };
    },
  };
}
