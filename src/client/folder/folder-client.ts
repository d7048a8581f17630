import { readFile } from "node:fs/promises";
import { AppError } from "../../errors.ts";
import type { UploadWriter } from "../../ingest/upload-destination.ts";
import { isMissing } from "../../lake/files.ts";
import { formatPartition } from "../../schema/partition.ts";
import type {
  CatalogClient,
  JobsClient,
  LakeClient,
  OperationsClient,
  TaxonomyClient,
  UploadsClient,
} from "../lake-client.ts";
import { rebuildBy, verifyBy } from "../long-operations.ts";
import { viewsBy } from "../views.ts";
import { folderOperations } from "./operations.ts";
import type { FolderTools } from "./tools.ts";

/** A lake by its folder. */
export function folderClient(tools: FolderTools): LakeClient {
  const { openLake, settings } = tools;
  const operations = folderOperations(tools);
  const engine: LakeClient["engine"] = async (name) => {
    const { createEngine } = await import("../../query/create-engine.ts");
    return createEngine(name, openLake, settings);
  };
  const assets: LakeClient["assets"] = {
    verify: verifyBy(operations),
    read: async (path) => {
      const { layout } = await openLake();
      return readFile(layout.asset(path)).catch((cause: unknown) => {
        if (!isMissing(cause)) throw cause;
        throw new AppError("missing_asset", `the asset ${path} is missing; restore it`, { cause });
      });
    },
  };
  return {
    taxonomy: folderTaxonomy(tools),
    uploads: folderUploads(tools),
    jobs: folderJobs(tools),
    catalog: folderCatalog(tools, operations),
    assets,
    views: viewsBy({ engine, operations, assets }),
    operations,
    engine,
    download: async (request, engine, { signal, onRows }) => {
      const { exportRows } = await import("../../export/export.ts");
      // A remote engine has the rows, but not the images.
      const isNeeded =
        engine.name === "duckdb" || settings.location !== undefined || request.images !== "none";
      let total = 0;
      return exportRows(request, {
        lake: isNeeded ? await openLake() : undefined,
        engine,
        taxonomy: async () => (await import("../../lake/taxonomy.ts")).readTaxonomy(await openLake()),
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
    editTask: async (name, change) =>
      audited("task edit", (await changes()).editTask(await openLake(), name, change)),
    removeTask: async (name) => audited("task remove", (await changes()).removeTask(await openLake(), name)),
  };
}

function folderUploads({ openLake, settings, audit }: FolderTools): UploadsClient {
  return {
    destination: async () => {
      const { localDestination } = await import("../../ingest/local-destination.ts");
      const { heldNames } = await import("../../catalog/held-names.ts");
      const lake = await openLake();
      const target = localDestination(lake, {
        heldNames: (lookup) => heldNames(lake, lookup, { scratch: settings.scratchFolder }),
      });
      const audited = (sink: UploadWriter): UploadWriter => ({
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
      return readUploadList(await openLake(), { owner: all ? undefined : userName(), completed, settings });
    },
    rejects: async (uploadId, limit) => {
      const { readRejects } = await import("../../jobs/read-rejects.ts");
      return readRejects(await openLake(), uploadId, { limit, scratch: settings.scratchFolder });
    },
    retry: async (uploadId, options) => {
      const { retryUpload } = await import("../../jobs/staging.ts");
      const { provider, dataset, task, variant } = await retryUpload(await openLake(), uploadId, options);
      await audit("process retry", uploadId);
      return { upload_id: uploadId, provider, dataset, task, variant, status: "pending" };
    },
    remove: async (uploadId) => {
      const { removeUpload } = await import("../../jobs/remove-upload.ts");
      const removed = await removeUpload(await openLake(), uploadId);
      await audit("process remove", uploadId);
      return removed;
    },
  };
}

/** One for all calls: it knows which jobs are of this process. */
function folderJobs(tools: FolderTools): JobsClient {
  let loading: Promise<JobsClient> | undefined;
  const jobs = () => {
    loading ??= import("./jobs.ts").then(({ jobsOf }) => jobsOf(tools));
    return loading;
  };
  return {
    start: async (options) => (await jobs()).start(options),
    get: async (jobId) => (await jobs()).get(jobId),
    list: async (limit) => (await jobs()).list(limit),
    status: async () => (await jobs()).status(),
    watch: async (jobId, options) => (await jobs()).watch(jobId, options),
    cancel: async (jobId) => (await jobs()).cancel(jobId),
  };
}

function folderCatalog({ openLake, settings }: FolderTools, operations: OperationsClient): CatalogClient {
  const info = () => import("../../catalog/info.ts");
  return {
    info: async () => (await info()).catalogInfo({ lake: await openLake(), settings }),
    partitions: async () =>
      (await (await info()).catalogPartitions({ lake: await openLake(), settings })).partitions,
    rebuild: rebuildBy(operations),
  };
}
