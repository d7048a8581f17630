import { open } from "node:fs/promises";
import { extname } from "node:path";
import { CONVERTIBLE_ENDINGS, sniffConvertible } from "../images/convertible.ts";
import { type ForeignFormat, foreignByEnding, foreignFormat, HEAD_BYTES } from "../images/foreign.ts";
import { sniffFormat } from "../images/sniff.ts";
import type { LocalPath } from "./legacy-names.ts";

/** What a file beside others is: an image that can be taken, of a kind that cannot, or nothing of the sort. */
export type FileKind = "image" | "other" | ForeignFormat;

const IMAGE_ENDINGS = new Set([
  ...".jpg .jpeg .jpe .jfif .png .apng .webp .gif .bmp .dib .tif .tiff .avif".split(" "),
  ...CONVERTIBLE_ENDINGS,
]);
/** Labels and notes, of which there may be as many as images: not opened to see whether they are images. */
const TEXT_ENDINGS = new Set(
  ".txt .json .jsonl .ndjson .csv .tsv .md .yaml .yml .ini .cfg .log .py .parquet .arrow .feather".split(" "),
);

/** Of files that are pages. */
export const PAGE_ENDINGS: readonly string[] = [...IMAGE_ENDINGS, ".pdf"];

export function isImagePath(path: string): boolean {
  return IMAGE_ENDINGS.has(extname(path).toLowerCase());
}

export function isPdfName(path: string): boolean {
  return extname(path).toLowerCase() === ".pdf";
}

export function isTiffName(path: string): boolean {
  return [".tif", ".tiff"].includes(extname(path).toLowerCase());
}

/** By its name: a file that is known to be an image may be one where its name says nothing else. */
export function mayBeTiff(path: string): boolean {
  return isTiffName(path) || !isImagePath(path);
}

/** By its first bytes. */
export function isTiffHead(head: Uint8Array | undefined): boolean {
  return head !== undefined && sniffFormat(head) === "tiff";
}

/**
 * The kind of a file, by its ending where that is an image's or a text's, else by its first bytes. What an image's ending
 * promises is looked at when the image is processed: there may be millions.
 */
export function fileKind(path: string, local: LocalPath): Promise<FileKind> {
  return kindOf(path, () => readHead(local));
}

/** As `fileKind`, of a file wherever it is; `readHead` gives its first bytes, or undefined for what cannot be read. */
export async function kindOf(
  path: string,
  readHead: () => Promise<Uint8Array | undefined>,
): Promise<FileKind> {
  if (isImagePath(path)) return "image";
  if (TEXT_ENDINGS.has(extname(path).toLowerCase())) return "other";
  const head = await readHead();
  if (head === undefined) return foreignByEnding(path) ?? "other";
  const isImage = (sniffFormat(head) ?? sniffConvertible(head)) !== undefined;
  return isImage ? "image" : (foreignFormat(head, path) ?? "other");
}

/** Undefined for what cannot be read. */
export async function readHead(path: LocalPath): Promise<Uint8Array | undefined> {
  try {
    const handle = await open(path, "r");
    try {
      const head = new Uint8Array(HEAD_BYTES);
      const { bytesRead } = await handle.read(head, 0, head.length, 0);
      return head.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}
