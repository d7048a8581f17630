import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadSettings } from "../../src/config.ts";
import { executeUpload } from "../../src/ingest/execute.ts";
import type { Input, InputOptions } from "../../src/ingest/input.ts";
import { localDestination } from "../../src/ingest/local-destination.ts";
import { planUpload } from "../../src/ingest/plan.ts";
import { openUploadSession, type UploadSession } from "../../src/ingest/session.ts";
import type { UploadPlan, UploadRequest } from "../../src/ingest/upload-plan.ts";
import { initLake, type Lake } from "../../src/lake/lake.ts";
import { createUploadLayout } from "../../src/lake/layout.ts";
import { quoteText } from "../../src/query/sql.ts";
import type { UploadManifest } from "../../src/schema/upload.ts";

export interface IngestKit {
  folder: string;
  lake: Lake;
  session: UploadSession;
  /** Opens, plans and stages. */
  stage(path: string | string[], request?: Partial<UploadRequest>, options?: InputOptions): Promise<Staged>;
  plan(path: string | string[], request?: Partial<UploadRequest>): Promise<UploadPlan>;
  /** Rows of any relation as JSON gives them. */
  rows(relation: string): Promise<Record<string, unknown>[]>;
}

export interface Staged {
  manifest: UploadManifest;
  plan: UploadPlan;
  /** Rows of the staged data.parquet in their order; timestamps and dates as text. */
  rows: Record<string, unknown>[];
  /** Paths in `files/`, sorted. */
  files: string[];
}

export const RAW: UploadRequest = {
  type: "raw",
  provider: "p",
  dataset: "d",
  mode: "create",
  images: "optimize",
  verify: "full",
  maxRejects: "90%",
};

const TAXONOMY = `providers:
  p: {}
tasks:
  ocr: { required: [lang], allow: { lang: [ko, en] } }
`;

/** Gives a new lake with provider `p` and task `ocr`, and a session; all of it is gone afterwards. */
export async function withKit<T>(use: (kit: IngestKit) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "datalake-ingest-"));
  const { lake } = await initLake(join(folder, "lake"));
  await Bun.write(lake.layout.taxonomy, TAXONOMY);
  const database = { memory: "400MB", threads: 2 };
  const settings = await loadSettings({
    env: {},
    cwd: folder,
    flags: { scratch: join(folder, "scratch"), database },
  });
  const session = await openUploadSession({ settings });
  try {
    return await use(createKit(folder, lake, session));
  } finally {
    await session.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function createKit(folder: string, lake: Lake, session: UploadSession): IngestKit {
  const { database } = session;
  const rows = async (relation: string) => {
    const found = await database.rows<{ json: string }>(
      `SELECT CAST(to_json(t) AS VARCHAR) AS json FROM ${relation} AS t`,
    );
    return found.map(({ json }) => JSON.parse(json) as Record<string, unknown>);
  };
  const planned = async (
    path: string | string[],
    request: Partial<UploadRequest>,
    options: InputOptions = {},
  ) => {
    const input: Input = await session.open(path, options);
    return planUpload({ ...RAW, ...request }, input, { target: localDestination(lake), database });
  };
  return {
    folder,
    lake,
    session,
    rows,
    plan: (path, request = {}) => planned(path, request),
    stage: async (path, request = {}, options = {}) => {
      const plan = await planned(path, request, options);
      const manifest = await executeUpload(plan, {
        target: localDestination(lake),
        database,
        workingFolder: folder,
        maxBytes: 1_000_000,
      });
      const layout = createUploadLayout(join(lake.layout.pending, manifest.upload_id));
      return {
        manifest,
        plan,
        rows: await rows(`read_parquet(${quoteText(layout.rows.stagedAt)})`),
        files: await listStaged(layout.files),
      };
    },
  };
}

async function listStaged(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort();
}

export async function sha256(path: string): Promise<string> {
  return hash(await readFile(path));
}

export function hash(bytes: Uint8Array | string): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

/** Columns of a manifest as `name TYPE`. */
export function typesOf(manifest: UploadManifest): Record<string, string> {
  return Object.fromEntries(manifest.columns.map(({ name, type }) => [name, type]));
}
