import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Refusal } from "../documents/document-reader.ts";
import type { PageResult } from "../documents/page.ts";
import { AppError } from "../errors.ts";
import type { TiffPages } from "../images/tiff-pages.ts";
import { hashFile } from "../lake/digest.ts";
import type { PageSettings } from "../schema/pages.ts";
import type { PreparedContent } from "../schema/work.ts";
import type { WorkContext } from "./context.ts";
import type { UploadDocuments } from "./documents.ts";
import { type Content, KILLED_TWICE, type PrepareTerms } from "./pool.ts";
import type { PageRef } from "./staged-rows.ts";

/** A requested page, with the hash that identifies it. */
export interface WantedPage extends PageRef {
  source_hash: string;
  source_name: string | null;
  /** Already stored; only its text layer is needed. */
  isStored: boolean;
}

/** Result of a page; for a stored one `content` is set only if it is rejected. */
export interface MadePage {
  source_hash: string;
  content: PreparedContent | undefined;
  /** The text layer as JSON, if requested. */
  text: string | null;
}

export interface PageTerms {
  asked: PageSettings;
  terms: PrepareTerms;
  /** Hashes of contents that were in work when a process died, and of those that killed one twice. */
  suspects: readonly string[];
  quarantined: readonly string[];
}

const MESSAGE_PAGES = 8;

/** Extracts pages: a reader writes each page to a private file, which a worker prepares like any image. */
export function createPageStep(
  { pool, documentReaders, settings }: WorkContext,
  documents: UploadDocuments,
  { asked, terms, suspects, quarantined }: PageTerms,
): (pages: readonly WantedPage[]) => Promise<MadePage[]> {
  let messages = 0;

  const extract = async (page: WantedPage, output: string, font: string | null) => {
    const taken = await documents.use(page.document, page.source_name, (document) => {
      if (document.tiff) return cutTiff(document.tiff, page.page, output);
      const request = {
        path: document.path,
        page: page.page,
        passwords: asked.passwords,
        dpi: asked.dpi,
        font,
        maxPixels: settings.images.max_pixels,
        image: !page.isStored,
        text: asked.text_layer,
        output,
      };
      return documentReaders.extractPage(request).catch(refusalOf);
    });
    return "ok" in taken ? taken : { ok: false as const, reason: taken.reason };
  };

  /** What a page's bytes did to the process before: those that killed it are not tried again, others under suspicion alone. */
  const prepareTaken = async (folder: string, contents: readonly Content[]): Promise<PreparedContent[]> => {
    const pageTerms = { ...terms, temp_folder: folder };
    const isIn = (hashes: readonly string[]) => (content: Content) => hashes.includes(content.source_hash);
    const killed = contents.filter(isIn(quarantined));
    const rest = contents.filter((content) => !killed.includes(content));
    const answers = killed.map(
      ({ source_hash }): PreparedContent => ({ ok: false, source_hash, reason: KILLED_TWICE }),
    );
    for (const content of rest.filter(isIn(suspects)))
      answers.push(...(await pool.prepare(pageTerms, [content])));
    answers.push(
      ...(await pool.prepare(
        pageTerms,
        rest.filter((content) => !isIn(suspects)(content)),
      )),
    );
    return answers;
  };

  /** The font is a content too, and stays while it is used. */
  const extractWithFont = async (page: WantedPage, output: string): Promise<TakenPage | Refusal> => {
    if (asked.font === null) return extract(page, output, null);
    const taken = await documents.use(asked.font, "font", ({ path }) => extract(page, output, path));
    return "ok" in taken ? taken : { ok: false, reason: `the font: ${taken.reason}` };
  };

  const makeSome = async (pages: readonly WantedPage[]): Promise<MadePage[]> => {
    const folder = join(terms.temp_folder, `pages-${messages++}`);
    await mkdir(folder, { mode: 0o700 });
    const taken = await Promise.all(
      pages.map(async (page, at) => {
        const output = join(folder, `${at}.page`);
        const extracted = await extractWithFont(page, output);
        return extracted.ok && !page.isStored
          ? { ...extracted, output, hash: await hashFile(output) }
          : extracted;
      }),
    );
    // Equal pages are prepared once, because a worker names its files by content.
    const contents = new Map<string, Content>();
    for (const [at, page] of taken.entries()) {
      if (!("hash" in page) || contents.has(page.hash)) continue;
      const place = { stagedAt: page.output, staging: folder };
      const source_name = pages[at]?.source_name ?? null;
      contents.set(page.hash, { source_hash: page.hash, place, is_stored: false, source_name });
    }
    const prepared = await prepareTaken(folder, [...contents.values()]);
    const byHash = new Map(prepared.map((content) => [content.source_hash, content]));
    await Promise.all(pages.map((_, at) => rm(join(folder, `${at}.page`), { force: true })));
    return pages.map(({ source_hash }, at): MadePage => {
      const page = taken[at];
      if (page === undefined || !page.ok) {
        const reason = page?.reason ?? "it was not made";
        return { source_hash, content: { ok: false, source_hash, reason }, text: null };
      }
      const content = "hash" in page ? byHash.get(page.hash) : undefined;
      return { source_hash, content: content && asPage(content, source_hash, page), text: page.text };
    });
  };

  return async (pages) => {
    const some: Promise<MadePage[]>[] = [];
    const count = Math.min(MESSAGE_PAGES, Math.max(1, Math.ceil(pages.length / pool.size)));
    for (let from = 0; from < pages.length; from += count) {
      some.push(makeSome(pages.slice(from, from + count)));
    }
    return (await Promise.all(some)).flat();
  };
}

/** TIFF pages have no text layer, and contain their resolution. */
async function cutTiff(tiff: TiffPages, page: number, output: string): Promise<TakenPage | Refusal> {
  try {
    await writeFile(output, tiff.cut(page).bytes, { mode: 0o600 });
    return { ok: true, source: "image", dpi: null, pages: tiff.count, text: null };
  } catch (error) {
    return refusalOf(error);
  }
}

/** A problem of the document rejects its pages; other errors are rethrown. */
function refusalOf(error: unknown): Refusal {
  if (error instanceof AppError && error.code === "invalid_input")
    return { ok: false, reason: error.message };
  throw error;
}

/** A page's data besides its bytes; `dpi` is null if the bytes contain it. */
type TakenPage = Pick<PageResult, "ok" | "source" | "pages" | "text"> & { dpi: number | null };

/** The prepared page, identified by document and page number instead of the extracted bytes. */
function asPage(
  content: PreparedContent,
  source_hash: string,
  page: Pick<TakenPage, "source" | "dpi" | "pages">,
): PreparedContent {
  if (!content.ok) return { ...content, source_hash };
  const page_source = page.source ?? "drawn";
  return { ...content, source_hash, dpi: page.dpi ?? content.dpi, pages: page.pages, page_source };
}
