import { createReadStream } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import type { Settings } from "../config.ts";
import { toAppError } from "../errors.ts";
import { type ExportManifest, exportRows } from "../export/export.ts";
import { describeLake } from "../lake/lake.ts";
import { createEngine } from "../query/create-engine.ts";
import { type ExportFile, ExportFileSchema, RemoteExportSchema } from "../schema/export.ts";
import { readLines } from "../util/lines.ts";

/** What the child is told, one JSON line on its stdin, whose end means: stop. */
const ExportOrderSchema = v.object({
  lake: v.object({
    root: v.string(),
    modes: v.object({ folder: v.number(), file: v.number(), asset: v.number() }),
  }),
  /** Those of the server. */
  settings: v.record(v.string(), v.unknown()),
  request: RemoteExportSchema,
  /** A new folder. */
  output: v.string(),
});
export type ExportOrder = v.InferOutput<typeof ExportOrderSchema>;

/** What it says, one JSON object a line. */
export const ExportMessageSchema = v.variant("type", [
  v.object({ type: v.literal("progress"), rows_done: v.number(), rows_total: v.number() }),
  v.object({
    type: v.literal("done"),
    result: v.object({ rows: v.number(), bytes: v.number(), missing: v.number() }),
    files: v.array(ExportFileSchema),
  }),
  v.object({
    type: v.literal("broken"),
    error: v.object({
      code: v.string(),
      message: v.string(),
      details: v.optional(v.record(v.string(), v.unknown())),
    }),
  }),
]);
export type ExportMessage = v.InferOutput<typeof ExportMessageSchema>;

const SAY_MS = 200;

/** The hidden command: makes one export as told on stdin, in a process of its own, so that it costs no server its time. */
export async function runExportChild(
  input: AsyncIterable<Uint8Array>,
  write: (line: string) => void,
): Promise<number> {
  const say = (message: ExportMessage) => write(`${JSON.stringify(message)}\n`);
  const lines = readLines(input);
  const { value: line } = await lines.next();
  const order = v.parse(v.pipe(v.string(), v.parseJson(), ExportOrderSchema), line);
  const stop = new AbortController();
  const listen = async () => {
    await lines.next();
    stop.abort();
  };
  void listen();
  try {
    say(await makeExport(order, stop.signal, say));
    return 0;
  } catch (error) {
    say({ type: "broken", error: toAppError(error).toDocument().error });
    return 1;
  }
}

async function makeExport(
  { lake: place, settings, request, output }: ExportOrder,
  signal: AbortSignal,
  say: (message: ExportMessage) => void,
): Promise<ExportMessage> {
  const { engine: name = "duckdb", format, images, skip_missing: skipMissing, ...query } = request;
  const lake = describeLake(place.root, place.modes);
  const engine = await createEngine(name, async () => lake, settings as unknown as Settings);
  let total = 0;
  let saidMs = 0;
  try {
    const { rows, bytes, missing } = await exportRows(
      { query, output, format, images, skipMissing },
      {
        lake,
        engine,
        signal,
        onStart: (rowCount) => {
          total = rowCount;
        },
        onProgress: (done) => {
          if (performance.now() - saidMs < SAY_MS) return;
          saidMs = performance.now();
          say({ type: "progress", rows_done: done, rows_total: total });
        },
      },
    );
    return { type: "done", result: { rows, bytes, missing }, files: await describeFiles(output) };
  } finally {
    engine.close();
  }
}

/** All files of an export; the digests of the large ones are known from its manifest. */
async function describeFiles(folder: string): Promise<ExportFile[]> {
  const text = await readFile(join(folder, "manifest.json"), "utf8");
  const known = new Map((JSON.parse(text) as ExportManifest).files.map((file) => [file.name, file]));
  const files: ExportFile[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name);
    const sha256 = known.get(name)?.sha256 ?? (await digestFile(path));
    files.push({ name, bytes: (await stat(path)).size, sha256 });
  }
  return files;
}

async function digestFile(path: string): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  for await (const chunk of createReadStream(path)) hasher.update(chunk as Uint8Array);
  return hasher.digest("hex");
}
