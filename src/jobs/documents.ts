import { rm } from "node:fs/promises";
import type { AssetIndex } from "../assets/index.ts";
import { createOwnFiles } from "../assets/own-files.ts";
import { fileExtension } from "../assets/prepare.ts";
import { findStored } from "../assets/resolve.ts";
import { storeContents } from "../assets/store.ts";
import { AppError } from "../errors.ts";
import { HEAD_BYTES } from "../images/foreign.ts";
import { sniffFormat } from "../images/sniff.ts";
import { type TiffPages, tiffPages } from "../images/tiff-pages.ts";
import { isMissing } from "../lake/files.ts";
import { createUploadLayout } from "../lake/layout.ts";
import { isStagedFile, openStagedSync } from "../lake/staged-file.ts";
import type { PreparedContent } from "../schema/work.ts";
import type { WorkContext } from "./context.ts";
import type { StagedRows } from "./select.ts";

/** Documents whose pages belong to an upload. */
export interface UploadDocuments {
  /** Opens a document that nobody else can change, or returns why not. `name` is that of one of its pages. */
  open(document: string, name: string | null): Promise<OpenDocument | { reason: string }>;
  /** Hands an open document's file over to the store. */
  handOver(document: string, open: OpenDocument): Pick<PreparedFile, "file" | "file_is">;
  release(document: string, open: OpenDocument): Promise<void>;
  /** Stores the original document; returns its path relative to `assets/`, or why it cannot be stored. */
  keep(document: string, name: string | null): Promise<{ path: string } | { reason: string }>;
}

type PreparedFile = Extract<PreparedContent, { ok: true }>;

export interface OpenDocument {
  path: string;
  bytes: number;
  isStored: boolean;
  /** Pages of a TIFF, extracted here; undefined for documents that need a reader. */
  tiff: TiffPages | undefined;
}

/** `temp` is a private folder, removed by its creator. */
export function createUploadDocuments(
  { lake }: WorkContext,
  { folder, source }: { folder: string; source: StagedRows },
  index: AssetIndex,
  temp: { path: string; group: number | null },
): UploadDocuments {
  const { manifest } = source;
  const staged = createUploadLayout(folder);
  const ownFiles = createOwnFiles({
    file_mode: lake.modes.asset,
    file_group: temp.group,
    temp_folder: temp.path,
  });
  const opened = new Map<string, Promise<OpenDocument | { reason: string }>>();

  const openNew = async (
    document: string,
    name: string | null,
  ): Promise<OpenDocument | { reason: string }> => {
    const place = staged.file(document);
    if (!(await isStagedFile(place))) {
      const stored = await findStored(lake, manifest, document);
      if (stored === undefined) return { reason: `its file ${name ?? document} is missing from the upload` };
      return { path: stored, bytes: Bun.file(stored).size, isStored: true, tiff: openTiff(stored) };
    }
    const content = { place, source_hash: document, is_stored: false, source_name: name };
    try {
      const own = ownFiles.adopt(content, openStagedSync(place, { maxBytes: Number.POSITIVE_INFINITY }));
      const { file, hash, bytes } = own.keepHashed();
      if (hash === document) {
        own.close();
        return { path: file, bytes, isStored: false, tiff: openTiff(file) };
      }
      own.discard();
      return { reason: "the bytes of its document do not match its SHA-256; upload it again" };
    } catch (error) {
      if (
        error instanceof AppError &&
        error.code === "invalid_input" &&
        error.details?.problem === undefined
      ) {
        return { reason: error.message };
      }
      if (isMissing(error)) return { reason: `its file ${name ?? document} is missing from the upload` };
      if (!(error instanceof AppError) || error.details?.problem === undefined) throw error;
      return { reason: `its file ${name ?? document} ${error.details.problem}; upload it again` };
    }
  };
  const open = (document: string, name: string | null) => {
    const known = opened.get(document) ?? openNew(document, name);
    opened.set(document, known);
    return known;
  };

  const handOver = (document: string, { path, isStored }: OpenDocument) => {
    opened.delete(document);
    return { file: path, file_is: isStored ? ("stored" as const) : ("written" as const) };
  };

  return {
    open,
    handOver,
    release: async (document, { path, isStored }) => {
      opened.delete(document);
      if (!isStored) await rm(path, { force: true });
    },
    keep: async (document, name) => {
      const found = await open(document, name);
      if ("reason" in found) return found;
      const extension = fileExtension(documentName(name));
      const prepared: PreparedContent = {
        ok: true,
        source_hash: document,
        hash: document,
        extension,
        format: extension,
        ...{ width: null, height: null, pages: null, orientation: null, dpi: null, pixel_hash: null },
        bytes: found.bytes,
        ...handOver(document, found),
      };
      const terms = { kind: "file", policy: "preserve", verify: manifest.verify } as const;
      const [result] = await storeContents({ lake, dataset: manifest, index, terms }, [prepared]);
      if (result === undefined || !("asset" in result))
        return { reason: result?.reason ?? "it was not stored" };
      return { path: result.asset.path };
    },
  };
}

/** Mapped instead of read: nobody can truncate the file, and pages are accessed one by one. */
function openTiff(path: string): TiffPages | undefined {
  const bytes = Bun.mmap(path);
  return sniffFormat(bytes.subarray(0, HEAD_BYTES)) === "tiff" ? tiffPages(bytes) : undefined;
}

/** `a/contract.pdf#page=3` -> `a/contract.pdf`. */
function documentName(pageName: string | null): string | null {
  return pageName?.replace(/#page=\d+$/, "") ?? null;
}
