import type { UploadSink } from "../../ingest/upload-target.ts";
import { formatPartition } from "../../schema/partition.ts";
import type {
  AssetsClient,
  CatalogClient,
  LakeClient,
  TaxonomyClient,
  UploadsClient,
} from "../lake-client.ts";
import { folderJobs } from "./jobs.ts";
import type { FolderTools } from "./tools.ts";

/** A lake by its folder. */
export function folderClient(tools: FolderTools): LakeClient {
  const { openLake, settings } = tools;
  return {
    taxonomy: folderTaxonomy(tools),
    uploads: folderUploads(tools),
    jobs: folderJobs(tools),
    catalog: folderCatalog(tools),
    assets: folderAssets(tools),
    engine: async (name) => {
      const { createEngine } = await import("../../query/create-engine.ts");
      return createEngine(name, openLake, settings);
    },
    download: async (request, engine, { signal, onRows }) => {
      const { exportRows } = await import("../../export/export.ts");
      // A remote engine has the rows, but not the images.
      const isNeeded =
        engine.name === "duckdb" || settings.location !== undefined || request.images !== "none";
      let total = 0;
      return exportRows(request, {
        lake: isNeeded ? await openLake() : undefined,
        engine,
        signal,
        onStart: (rowCount) => {
          total = rowCount;
        },
        onProgress: (done) => onRows?.(done, total),
      });
    },
  };
}

function folderTaxonomy({ openLake, audit }: FolderTools): TaxonomyClient {
  const changes = () => import("../../lake/taxonomy-changes.ts");
  const audited = async (action: string, change: Promise<string>): Promise<string> => {
    const name = await change;
    await audit(`config ${action}`, name);
    return name;
  };
  return {
    read: async () => (await import("../../lake/taxonomy.ts")).readTaxonomy(await openLake()),
    addProvider: async (name, provider) =>
      audited("provider create", (await changes()).addProvider(await openLake(), name, provider)),
    removeProvider: async (name) =>
      audited("provider remove", (await changes()).removeProvider(await openLake(), name)),
    addTask: async (name, task) =>
      audited("task create", (await changes()).addTask(await openLake(), name, task)),
    removeTask: async (name) => audited("task remove", (await changes()).removeTask(await openLake(), name)),
  };
}

function folderUploads({ openLake, settings, audit }: FolderTools): UploadsClient {
  return {
    destination: async () => {
      const { localTarget } = await import("../../ingest/local-target.ts");
      const target = localTarget(await openLake());
      const audited = (sink: UploadSink): UploadSink => ({
        ...sink,
        commit: async (manifest, signal) => {
          const committed = await sink.commit(manifest, signal);
          await audit("upload", `${committed.upload_id} ${formatPartition(committed)}`);
          return committed;
        },
      });
      return { ...target, begin: async (...args) => audited(await target.begin(...args)) };
    },
    list: async ({ all, completed }) => {
      const { readUploadList } = await import("../../jobs/upload-list.ts");
      const { userName } = await import("../../lake/account.ts");
      return readUploadList(await openLake(), { owner: all ? undefined : userName(), completed });
    },
    rejects: async (uploadId, limit) => {
      const { readRejects } = await import("../../jobs/read-rejects.ts");
      return readRejects(await openLake(), uploadId, { limit, scratch: settings.scratchFolder });
    },
    retry: async (uploadId) => {
      const { retryUpload } = await import("../../jobs/staging.ts");
      const { provider, dataset, task, variant } = await retryUpload(await openLake(), uploadId);
      await audit("process retry", uploadId);
      return { upload_id: uploadId, provider, dataset, task, variant, status: "pending" };
    },
  };
}

function folderCatalog({ openLake, settings, logger, audit }: FolderTools): CatalogClient {
  const info = () => import("../../catalog/info.ts");
  return {
    info: async () => (await info()).catalogInfo({ lake: await openLake(), settings }),
    partitions: async () =>
      (await (await info()).catalogPartitions({ lake: await openLake(), settings })).partitions,
    rebuild: async ({ full, signal, onStep }) => {
      const { refreshCatalog } = await import("../../catalog/refresh.ts");
      const lake = await openLake();
      const more = { ...(signal && { signal }), ...(onStep && { onStep }) };
      const result = await refreshCatalog({ lake, settings, full, logger, ...more });
      await audit("catalog rebuild", `generation ${result.generation}`);
      return result;
    },
  };
}

/** Reads only, so a server may be at work on the lake. */
function folderAssets({ openLake, settings, selfCommand, audit }: FolderTools): AssetsClient {
  return {
    verify: async (request, { signal, onProgress, report, concurrency }) => {
      const { runAssetCheck } = await import("../../jobs/asset-check-process.ts");
      const findings: Awaited<ReturnType<AssetsClient["verify"]>>["findings"] = [];
      const summary = await runAssetCheck(request, {
        lake: await openLake(),
        settings,
        selfCommand,
        concurrency,
        reports: report === undefined ? [] : [report],
        signal,
        onProgress: (progress) => onProgress?.(progress),
        onFinding: (finding) => findings.push(finding),
      });
      await audit("assets verify", `${summary.partitions} partitions`);
      return { summary, findings };
    },
  };
}
