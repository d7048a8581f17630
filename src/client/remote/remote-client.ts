import { open, rm } from "node:fs/promises";
import { replaceFile, tempBeside } from "../../lake/replace.ts";
import { REPORTS } from "../../operations/report.ts";
import type { JobsClient, LakeClient } from "../lake-client.ts";
import { verifyBy } from "../long-operations.ts";
import { viewsBy } from "../views.ts";
import { connectCatalog, removeUpload, retryUpload } from "./catalog.ts";
import { connectEngine } from "./engine.ts";
import { downloadFrom } from "./exports.ts";
import { connectHttp, type RemoteHttp } from "./http.ts";
import { connectOperations } from "./operations.ts";
import { connectServer } from "./server.ts";
import { connectTaxonomy } from "./taxonomy.ts";
import { remoteDestination } from "./upload-destination.ts";

export interface RemoteOptions {
  url: string;
  token: string | undefined;
  /** Local folder for rows on their way. */
  scratchFolder: string;
}

/** A lake behind a server. */
export function remoteClient({ url, token, scratchFolder }: RemoteOptions): LakeClient {
  const server = connectServer(url, token);
  const http = connectHttp(url, token);
  const operations = connectOperations(http);
  const engine: LakeClient["engine"] = async (name) => connectEngine({ url, token, name });
  const assets: LakeClient["assets"] = {
    verify: verifyBy(operations, (id, path) =>
      saveReport(http, `/validations/${id}/report?format=${formatOf(path)}`, path),
    ),
    read: async (path, { signal }) => {
      const route = `/assets/${path.split("/").map(encodeURIComponent).join("/")}`;
      return new Uint8Array(await (await http.send("GET", route, { signal })).arrayBuffer());
    },
  };
  return {
    taxonomy: connectTaxonomy(url, token),
    uploads: {
      destination: async () => remoteDestination({ url, token, scratchFolder }),
      list: server.uploads,
      rejects: server.rejects,
      retry: (uploadId, options) => retryUpload(url, token, uploadId, options),
      remove: (uploadId) => removeUpload(url, token, uploadId),
    },
    jobs: remoteJobs(server),
    catalog: connectCatalog(url, token),
    assets,
    views: viewsBy({ engine, operations, assets }, (id, path) =>
      saveReport(http, `/operations/check-labels/${id}/files/${REPORTS[formatOf(path)]}`, path),
    ),
    operations,
    engine,
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

/** The format of a report: CSV for a name that ends so, else JSON. */
function formatOf(path: string): keyof typeof REPORTS {
  return path.toLowerCase().endsWith(".csv") ? "csv" : "json";
}

/** Writes the report of a completed check. */
async function saveReport(http: RemoteHttp, route: string, path: string): Promise<void> {
  const { body } = await http.send("GET", route);
  const temp = tempBeside(path);
  const handle = await open(temp, "wx");
  try {
    for await (const chunk of body ?? []) await handle.writeFile(chunk);
    await handle.close();
    await replaceFile(temp, path);
  } catch (error) {
    await handle.close().catch(() => {}); // closed already
    await rm(temp, { force: true });
    throw error;
  }
}
