import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Codings, UiFile } from "./ui-file.ts";

const TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  webp: "image/webp",
};

/** A file as it is sent: `path` is its address below /ui/, `kind` an ending of file names. */
export function packFile(path: string, kind: string, content: string | Uint8Array): UiFile {
  const bytes = Buffer.from(content as string);
  return {
    path,
    type: TYPES[kind] as string,
    etag: `"${digestOf(bytes)}"`,
    isImmutable: path.startsWith("files/"),
    codings: kind === "webp" ? { plain: own(bytes) } : compress(bytes),
  };
}

/** Short, for names and tags. */
export function digestOf(content: string | Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(content).digest("hex").slice(0, 20);
}

function compress(bytes: Uint8Array): Codings {
  return {
    br: own(brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } })),
    gzip: own(gzipSync(bytes, { level: 9 })),
  };
}

/** Of a buffer that nobody shares. */
function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
