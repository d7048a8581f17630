import { rm } from "node:fs/promises";
import type { AssetIndex } from "../assets/index.ts";
import { fileExtension } from "../assets/prepare.ts";
import { findStored } from "../assets/resolve.ts";
import { storeContents } from "../assets/store.ts";
import { createUploadLayout } from "../lake/layout.ts";
import { isStagedFile } from "../lake/staged-file.ts";
import { MAX_DOCUMENT_BYTES } from "../schema/pages.ts";
import type { PreparedContent } from "../schema/work.ts";
import type { WorkContext } from "./context.ts";
import { isReason, type OpenDocument, openDocument, type Refused } from "./open-document.ts";
import type { PrepareTerms } from "./pool.ts";
import type { StagedRows } from "./select.ts";

/** Documents whose pages belong to an upload, and images that a reader of documents converts. */
export interface UploadDocuments {
  /** Runs `work` on a file that nobody else can change. `name` is that of one of the document's pages. */
  use<T>(
    document: string,
    name: string | null,
    work: (open: OpenDocument) => Promise<T>,
  ): Promise<T | Refused>;
  /** Hands the file of a document in use over to the store. */
  handOver(document: string, open: OpenDocument): Pick<PreparedFile, "file" | "file_is">;
  /** Removes the files of a document that is not used again. */
  forget(document: string): Promise<void>;
  /** Stores the original document; returns its path relative to `assets/`, or why it cannot be stored. */
  keep(document: string, name: string | null): Promise<{ path: string } | Refused>;
  /** Closes all files. */
  close(): Promise<void>;
}

type PreparedFile = Extract<PreparedContent, { ok: true }>;

interface Entry {
  opening: Promise<OpenDocument | Refused>;
  users: number;
}

/** Documents that stay open although no page of theirs is being made: each may be a copy on the lake's disk. */
const MAX_IDLE = 16;

/** `temp` is a private folder, removed by its creator. */
export function createUploadDocuments(
  { lake, pool }: WorkContext,
  { folder, source }: { folder: string; source: StagedRows },
  index: AssetIndex,
  terms: PrepareTerms,
): UploadDocuments {
  const { manifest } = source;
  const staged = createUploadLayout(folder);
  const entries = new Map<string, Entry>();
  const open = (document: string, name: string | null): Entry => {
    const known = entries.get(document);
    entries.delete(document); // the most recently used comes last
    const entry = known ?? { opening: openNew(document, name), users: 0 };
    entries.set(document, entry);
    return entry;
  };
  const openNew = async (document: string, name: string | null) => {
    const place = staged.file(document);
    const stored = (await isStagedFile(place)) ? undefined : await findStored(lake, manifest, document);
    const fileTerms: PrepareTerms = { ...terms, kind: "file", max_bytes: MAX_DOCUMENT_BYTES };
    return openDocument({
      document,
      name,
      place,
      stored,
      prepare: (content) => pool.prepare(fileTerms, [content]),
    });
  };
  const forget = async (document: string) => {
    const entry = entries.get(document);
    entries.delete(document);
    const found = await entry?.opening.catch(() => undefined);
    if (found === undefined || isReason(found)) return;
    found.close();
    if (!found.isStored) await rm(found.path, { force: true });
  };
  const evict = async () => {
    const idle = [...entries].filter(([, { users }]) => users === 0);
    for (const [document] of idle.slice(0, Math.max(0, idle.length - MAX_IDLE))) await forget(document);
  };
  const handOver = (document: string, { path, isStored, close }: OpenDocument) => {
    entries.delete(document);
    close();
    return { file: path, file_is: isStored ? ("stored" as const) : ("written" as const) };
  };
  const use: UploadDocuments["use"] = async (document, name, work) => {
    const entry = open(document, name);
    entry.users++;
    try {
      const found = await entry.opening;
      return isReason(found) ? found : await work(found);
    } finally {
      entry.users--;
      await evict();
    }
  };

  return {
    use,
    handOver,
    forget,
    keep: (document, name) =>
      use(document, name, async (found): Promise<{ path: string } | Refused> => {
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
        const fileTerms = { kind: "file", policy: "preserve", verify: manifest.verify } as const;
        const [result] = await storeContents({ lake, dataset: manifest, index, terms: fileTerms }, [
          prepared,
        ]);
        if (result === undefined || !("asset" in result))
          return { reason: result?.reason ?? "it was not stored" };
        return { path: result.asset.path };
      }),
    close: async () => {
      for (const document of [...entries.keys()]) await forget(document);
    },
  };
}

/** `a/contract.pdf#page=3` -> `a/contract.pdf`. */
function documentName(pageName: string | null): string | null {
  return pageName?.replace(/#page=\d+$/, "") ?? null;
}
