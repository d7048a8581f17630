import { AppError } from "../errors.ts";
import { HEAD_BYTES } from "../images/foreign.ts";
import { sniffFormat } from "../images/sniff.ts";
import { type TiffPages, tiffPages } from "../images/tiff-pages.ts";
import { openByteSource } from "../images/tiff-source.ts";
import type { StagedPath } from "../lake/layout.ts";
import type { PreparedContent } from "../schema/work.ts";
import type { Content } from "./pool.ts";

/** A document as a file that nobody else can change. */
export interface OpenDocument {
  path: string;
  bytes: number;
  /** Already an asset. */
  isStored: boolean;
  /** Pages of a TIFF, extracted here; undefined for documents that need a reader. */
  tiff: TiffPages | undefined;
  /** May be called several times. */
  close(): void;
}

/** Why something cannot be used. */
export interface Refused {
  reason: string;
}

export interface DocumentToOpen {
  /** SHA-256. */
  document: string;
  name: string | null;
  /** Where it was staged. */
  place: StagedPath;
  /** Path of the asset that holds the same bytes, if there is one. */
  stored: string | undefined;
  /** Makes a private file of it in a worker, which also checks its hash: a large document takes seconds. */
  prepare(content: Content): Promise<PreparedContent[]>;
}

export function isReason(value: object): value is Refused {
  return "reason" in value;
}

/** Opens the stored document, or a private file of the staged one. */
export async function openDocument(document: DocumentToOpen): Promise<OpenDocument | Refused> {
  const { stored } = document;
  if (stored !== undefined) return withPages(stored, Bun.file(stored).size, true);
  const { place, document: source_hash, name: source_name } = document;
  const [made] = await document.prepare({ source_hash, place, is_stored: false, source_name });
  if (made === undefined) return { reason: "its document was not prepared" };
  return made.ok ? withPages(made.file, made.bytes, false) : { reason: made.reason };
}

function withPages(path: string, bytes: number, isStored: boolean): OpenDocument | Refused {
  const file = openByteSource(path);
  try {
    if (sniffFormat(file.read(0, HEAD_BYTES)) === "tiff")
      return { path, bytes, isStored, tiff: tiffPages(file), close: file.close };
    file.close();
    return { path, bytes, isStored, tiff: undefined, close: () => {} };
  } catch (error) {
    file.close();
    if (error instanceof AppError && error.code === "invalid_input") return { reason: error.message };
    throw error;
  }
}
