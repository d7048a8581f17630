import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { hashFile } from "../lake/digest.ts";
import type { Convertible, PreparedContent } from "../schema/work.ts";
import type { WorkContext } from "./context.ts";
import type { UploadDocuments } from "./documents.ts";
import type { OpenDocument } from "./open-document.ts";
import type { PrepareTerms } from "./pool.ts";

/**
 * Prepares images that only a document reader decodes: it makes a PNG or TIFF, which a worker prepares like any
 * image. With `preserve` the original file is stored after it was read.
 */
export function createConvertStep(
  { pool, documentReaders, settings }: WorkContext,
  documents: UploadDocuments,
  terms: PrepareTerms,
): (source_hash: string, name: string | null, kind: Convertible) => Promise<PreparedContent> {
  let converting = 0;
  const convert = async (
    source_hash: string,
    name: string | null,
    kind: Convertible,
    document: OpenDocument,
  ): Promise<PreparedContent> => {
    const refuse = (reason: string): PreparedContent => ({ ok: false, source_hash, reason });
    const folder = join(terms.temp_folder, `converted-${converting++}`);
    await mkdir(folder, { mode: 0o700 });
    const output = join(folder, "converted");
    const { max_pixels: maxPixels } = settings.images;
    try {
      const converted = await documentReaders.convert({ path: document.path, kind, maxPixels, output });
      if (!converted.ok) return refuse(converted.reason);
      // A PNG has one of its images: the others would be lost.
      if (terms.policy === "preserve" || converted.images > 1) {
        const { width, height, images: pages } = converted;
        return {
          ...{ ok: true, source_hash, hash: source_hash, extension: kind, format: kind },
          ...{ width, height, bytes: document.bytes, pages, orientation: null, dpi: null },
          // The decoded samples are not stored: only equal bytes are the same image.
          pixel_hash: source_hash.slice(0, 32),
          ...documents.handOver(source_hash, document),
        };
      }
      const hash = await hashFile(output);
      const content = {
        source_hash: hash,
        place: { stagedAt: output, staging: folder },
        is_stored: false,
        source_name: name,
      };
      const [prepared] = await pool.prepare({ ...terms, temp_folder: folder }, [content]);
      return prepared === undefined ? refuse("it was not prepared") : { ...prepared, source_hash };
    } finally {
      await rm(output, { force: true });
    }
  };
  return async (source_hash, name, kind) => {
    const made = await documents.use(source_hash, name, (open) => convert(source_hash, name, kind, open));
    await documents.forget(source_hash); // unless it was handed over
    return "ok" in made ? made : { ok: false, source_hash, reason: made.reason };
  };
}
