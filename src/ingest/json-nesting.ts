import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { createDepthScan } from "../util/json-depth.ts";

const CHUNK_BYTES = 1 << 20;

/** Whether some line of a JSON Lines file is nested by more levels. */
export async function hasDeepLine(path: string, maxLevels: number, signal?: AbortSignal): Promise<boolean> {
  const isDeeper = createDepthScan(maxLevels, { perLine: true });
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  for await (const chunk of path.endsWith(".gz") ? file.pipe(createGunzip()) : file) {
    signal?.throwIfAborted();
    if (isDeeper(chunk as Uint8Array)) return true;
  }
  return false;
}
