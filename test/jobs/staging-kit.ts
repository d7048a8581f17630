import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import sharp from "sharp";
import { loadSettings, type Settings } from "../../src/config.ts";
import { initLake, type Lake } from "../../src/lake/lake.ts";
import { createUploadLayout } from "../../src/lake/layout.ts";
import type { TokenStore } from "../../src/lake/tokens.ts";
import { type Database, openDatabase } from "../../src/query/database.ts";
import { quoteText } from "../../src/query/sql.ts";
import { createUploadId } from "../../src/schema/names.ts";
import type { UploadManifest } from "../../src/schema/upload.ts";

export interface World {
  folder: string;
  lake: Lake;
  settings: Settings;
  /** Where its tokens are kept. */
  tokens: TokenStore;
  /** Environment for commands on this lake. */
  env: Record<string, string>;
}

const TAXONOMY = `providers:
  hub: {}
tasks:
  ocr:
    required: [lang]
    allow: { lang: [ko, en] }
`;

/** A lake with one provider and one task, and settings that keep everything in a temp folder. */
export async function makeWorld(more: Record<string, string> = {}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), "datalake-jobs-"));
  const { lake } = await initLake(join(folder, "lake"));
  await writeFile(lake.layout.taxonomy, TAXONOMY);
  const env = {
    DATALAKE_LAKE: lake.root,
    DATALAKE_CACHE: join(folder, "cache"),
    DATALAKE_PROCESSING_NUM_PROC: "2",
    DATALAKE_SERVE_PORT: "0",
    DATALAKE_SERVE_TOKENS: join(folder, "tokens.json"),
    ...more,
  };
  const settings = await loadSettings({ env, cwd: folder });
  const tokens = { path: env.DATALAKE_SERVE_TOKENS, anchor: "/", view: lake.view };
  return { folder, lake, settings, tokens, env };
}

/** A small JPEG that differs by seed, and by nothing else. */
export async function makeImage(seed: number, format: "jpeg" | "png" = "jpeg"): Promise<Buffer> {
  const pixels = Buffer.alloc(24 * 16 * 3);
  for (let at = 0; at < pixels.length; at++) pixels[at] = (seed * 7919 + at * (3 + (seed % 11))) & 255;
  const image = sharp(pixels, { raw: { width: 24, height: 16, channels: 3 } });
  return format === "png" ? image.png().toBuffer() : image.jpeg().toBuffer();
}

export interface StagedRowInput {
  /** The row's own column. */
  text: string;
  name?: string;
  image?: Buffer;
  /** A content that the row names and that is not staged. */
  missing?: string;
  reference?: string;
  reject?: string;
}

export type StageOptions = Partial<
  Pick<
    UploadManifest,
    | "task"
    | "variant"
    | "mode"
    | "max_rejects"
    | "dataset"
    | "images"
    | "verify"
    | "content"
    | "reference"
    | "upload_id"
  >
>;

/** Stages an upload as `datalake upload` does, and gives its id. */
export async function stageUpload(
  world: World,
  rows: StagedRowInput[],
  options: StageOptions = {},
): Promise<string> {
  const { lake } = world;
  const uploadId = options.upload_id ?? createUploadId();
  const staged = createUploadLayout(join(lake.layout.incoming, uploadId));
  await mkdir(staged.folder, { recursive: true });
  const contents = new Map<string, number>();
  const values: string[] = [];
  for (const [at, row] of rows.entries()) {
    let hash = row.missing ?? null;
    if (row.image) {
      hash = sha256(row.image);
      contents.set(hash, row.image.length);
      await mkdir(dirname(staged.file(hash).stagedAt), { recursive: true });
      await writeFile(staged.file(hash).stagedAt, row.image);
    }
    const text = (value: string | null | undefined) => (value == null ? "NULL::VARCHAR" : quoteText(value));
    const name = options.reference === "source_name" ? row.reference : row.name;
    values.push(
      `(${text(row.text)}, ${at}::BIGINT, ${text(hash)}, ${text(name)}, ${text(row.reference)}, ${text(row.reject)})`,
    );
  }
  const withImages = contents.size > 0 || rows.some((row) => row.missing);
  const reference = options.reference ?? null;
  const extra = reference === null || reference === "source_name" ? "" : `, reference AS ${reference}`;
  await withDatabase(world, (database) =>
    database.run(`COPY (SELECT text, source_row, source_hash, source_name${extra}, reject AS "__reject"
      FROM (VALUES ${values.join(", ")}) t(text, source_row, source_hash, source_name, reference, reject))
      TO ${quoteText(staged.rows.stagedAt)} (FORMAT parquet)`),
  );
  const task = options.task ?? "raw";
  const manifest: UploadManifest = {
    format: 1,
    upload_id: uploadId,
    created_at: "2026-01-01T00:00:00.000Z",
    created_by: "tester",
    type: task === "raw" ? "raw" : "task",
    provider: "hub",
    dataset: options.dataset ?? "pages",
    task,
    variant: options.variant ?? (task === "raw" ? "image" : "base"),
    mode: options.mode ?? "create",
    images: options.images ?? "optimize",
    verify: options.verify ?? "full",
    max_rejects: options.max_rejects ?? "0",
    description: "",
    source: "",
    meta: task === "raw" ? {} : { lang: "ko" },
    rows: rows.length,
    columns: [{ name: "text", type: "VARCHAR" }],
    features: {},
    content: options.content === undefined ? (withImages ? "image" : null) : options.content,
    contents: contents.size,
    staged_files: contents.size,
    staged_bytes: [...contents.values()].reduce((sum, bytes) => sum + bytes, 0),
    reference,
  };
  await writeFile(staged.manifest.stagedAt, JSON.stringify(manifest));
  await rename(staged.folder, join(lake.layout.pending, uploadId));
  return uploadId;
}

export async function withDatabase<T>(world: World, use: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase({ scratch: join(world.folder, "test-scratch") });
  try {
    return await use(database);
  } finally {
    database.close();
  }
}

/** Rows of a partition, all its live files one after the other. */
export async function readRows(world: World, task = "raw", variant = "image", dataset = "pages") {
  const { readPartition } = await import("../../src/catalog/partition.ts");
  return withDatabase(world, async (database) => {
    const state = await readPartition(database, world.lake, { provider: "hub", dataset, task, variant });
    const rows: Record<string, unknown>[] = [];
    for (const file of state?.files ?? []) {
      rows.push(
        ...(await database.rows(
          `SELECT * FROM read_parquet(${quoteText(file.path)}, hive_partitioning = false)`,
        )),
      );
    }
    return rows;
  });
}

export async function readRejects(world: World, uploadId: string) {
  const file = world.lake.layout.rejects(uploadId);
  return withDatabase(world, (database) =>
    database.rows<{
      source_row: number;
      source_name: string | null;
      reason: string;
      source_hash: string | null;
    }>(`SELECT * FROM read_parquet(${quoteText(file)})`),
  );
}

/** Every file below a folder of the lake with the SHA-256 of its bytes; of a JSON file without the id of its attempt. */
export async function fingerprintTree(root: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    found[relative(root, path)] = sha256(/\.(json|parquet)$/.test(path) ? withoutAttempt(bytes) : bytes);
  }
  return found;
}

/** Without the ids of attempts, and the digests of files that hold one. */
function withoutAttempt(bytes: Buffer): Buffer {
  const text = bytes.toString("latin1");
  return Buffer.from(text.replaceAll(/"(attempt|attempt_end|sha256)": ?"[0-9a-f-]+"/g, ""), "latin1");
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export interface CommandResult {
  exit: number | null;
  signal: string | number | null;
  stdout: string;
  stderr: string;
}

/** The sources as a program: what the executable is built from. */
export const PROGRAM = [process.execPath, join(import.meta.dir, "../../src/main.ts")];

export async function runProgram(
  world: World,
  args: string[],
  prefix: string[] = [],
): Promise<CommandResult> {
  const child = Bun.spawn([...prefix, ...PROGRAM, ...args], {
    env: { ...process.env, ...world.env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  await child.exited;
  return { exit: child.exitCode, signal: child.signalCode, stdout, stderr };
}
