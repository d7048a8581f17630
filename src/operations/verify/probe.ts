import { lstat, open } from "node:fs/promises";
import { basename } from "node:path";
import { systemCode } from "../../errors.ts";
import { isMissing } from "../../lake/files.ts";
import type { Lake } from "../../lake/lake.ts";
import type { AssetProblem } from "../../schema/verification.ts";

export interface ExpectedAsset {
  /** Relative to `assets/`. */
  path: string;
  hash: string | null;
  sizeBytes: number | null;
}

export type Verdict =
  | { ok: true; bytesRead: number }
  | { ok: false; bytesRead: number; problem: AssetProblem; expected: string | null; found: string | null };

/** Access to asset files. Both methods throw system errors. */
export interface FileProbe {
  /** Size in bytes; undefined if the file does not exist. */
  size(path: string): Promise<number | undefined>;
  /** SHA-256 in hex and the number of bytes. */
  hash(path: string): Promise<{ hash: string; sizeBytes: number }>;
}

/** Compares an asset with the catalog: existence, size and, with `hash`, content. */
export async function probeAsset(asset: ExpectedAsset, hash: boolean, probe: FileProbe): Promise<Verdict> {
  const { path, sizeBytes } = asset;
  try {
    const found = await probe.size(path);
    if (found === undefined) return bad("missing", sizeBytes, null);
    if (sizeBytes !== null && found !== sizeBytes) return bad("wrong_size", sizeBytes, found);
    const name = /^[0-9a-f]{64}/.exec(basename(path))?.[0] ?? null;
    if (asset.hash !== null && asset.hash !== name) return bad("wrong_hash", asset.hash, name);
    if (!hash) return { ok: true, bytesRead: 0 };
    const content = await probe.hash(path);
    if (content.hash === name) return { ok: true, bytesRead: content.sizeBytes };
    return bad("wrong_hash", name, content.hash, content.sizeBytes);
  } catch (error) {
    if (isMissing(error)) return bad("missing", sizeBytes, null); // removed since the first check
    const code = systemCode(error);
    if (code === undefined) throw error;
    return bad("unreadable", sizeBytes, code);
  }
}

function bad(
  problem: AssetProblem,
  expected: string | number | null,
  found: string | number | null,
  bytesRead = 0,
): Verdict {
  const text = (value: string | number | null) => (value === null ? null : String(value));
  return { ok: false, bytesRead, problem, expected: text(expected), found: text(found) };
}

/** Larger than most images, so they are read in one call. */
const BUFFER_BYTES = 1 << 20;

/** Reads files of a lake. Buffers are reused, one per concurrent read. */
export function createFileProbe(lake: Lake): FileProbe {
  const buffers: Uint8Array[] = [];
  return {
    size: async (path) => {
      const info = await lstat(lake.layout.asset(path)).catch((error: unknown) => {
        if (isMissing(error)) return undefined;
        throw error;
      });
      return info?.isFile() ? info.size : undefined;
    },
    hash: async (path) => {
      const handle = await open(lake.layout.asset(path), "r");
      const buffer = buffers.pop() ?? new Uint8Array(BUFFER_BYTES);
      const hasher = new Bun.CryptoHasher("sha256");
      let sizeBytes = 0;
      try {
        for (;;) {
          const { bytesRead } = await handle.read(buffer, 0, buffer.length);
          if (bytesRead === 0) return { hash: hasher.digest("hex"), sizeBytes };
          hasher.update(buffer.subarray(0, bytesRead));
          sizeBytes += bytesRead;
        }
      } finally {
        buffers.push(buffer);
        await handle.close();
      }
    },
  };
}
