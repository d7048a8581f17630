import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import type { Settings } from "../config.ts";
import { type ExportManifest, exportRows } from "../export/export.ts";
import { hashFile } from "../lake/digest.ts";
import { createEngine } from "../query/create-engine.ts";
import { type ExportFile, ExportFileSchema, RemoteExportSchema } from "../schema/export.ts";
import { ChildLakeSchema, type OrderTools, obeyOrder } from "./order-child.ts";

/** What the child is told, one JSON line on its stdin, whose end means: stop. */
const ExportOrderSchema = v.object({
  lake: ChildLakeSchema,
  /** Those of the server. */
  settings: v.record(v.string(), v.unknown()),
  request: RemoteExportSchema,
  /** A new folder. */
  output: v.string(),
});
export type ExportOrder = v.InferInput<typeof ExportOrderSchema>;

/** What it says, one JSON object a line. */
export const ExportMessageSchema = v.variant("type", [
  v.object({ type: v.literal("progress"), rows_done: v.number(), rows_total: v.number() }),
  v.object({
    type: v.literal("done"),
    result: v.object({ rows: v.number(), bytes: v.number(), missing: v.number() }),
    files: v.array(ExportFileSchema),
  }),
]);
export type ExportMessage = v.InferOutput<typeof ExportMessageSchema>;

const SAY_MS = 200;

/** The hidden command: makes one export as told on stdin, in a process of its own, so that it costs no server its time. */
export function runExportChild(
  input: AsyncIterable<Uint8Array>,
  write: (line: string) => void,
): Promise<number> {
  return obeyOrder(input, write, ExportOrderSchema, makeExport);
}

async function makeExport(
  { lake, settings, request, output }: v.InferOutput<typeof ExportOrderSchema>,
  { signal, say }: OrderTools<ExportMessage>,
): Promise<ExportMessage> {
  const { engine: name = "duckdb", format, images, skip_missing: skipMissing, ...query } = request;
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
    const sha256 = known.get(name)?.sha256 ?? (await hashFile(path));
    files.push({ name, bytes: (await stat(path)).size, sha256 });
  }
  return files;
}
