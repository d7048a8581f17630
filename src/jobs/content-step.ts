import type { AssetIndex, KnownAsset } from "../assets/index.ts";
import { findStored } from "../assets/resolve.ts";
import { fulfils, type StoreTerms } from "../assets/reuse.ts";
import { storeContents } from "../assets/store.ts";
import { parseSize } from "../config.ts";
import { exists } from "../lake/files.ts";
import { createUploadLayout } from "../lake/layout.ts";
import { isStaged, isStagedFile } from "../lake/staged-file.ts";
import type { AssetRecord } from "../schema/asset.ts";
import type { UploadOutcome } from "../schema/job.ts";
import type { ImagePolicy } from "../schema/upload.ts";
import type { PreparedContent } from "../schema/work.ts";
import type { WorkContext } from "./context.ts";
import { createConvertStep } from "./convert-step.ts";
import { createUploadDocuments, type UploadDocuments } from "./documents.ts";
import type { FoundContents } from "./found-contents.ts";
import { createPageStep, type WantedPage } from "./page-step.ts";
import { type Content, KILLED_TWICE, type PrepareTerms } from "./pool.ts";
import type { StagedRows } from "./select.ts";
import { firstSourceName, type StagedContent, type StagedRow } from "./staged-rows.ts";

export interface ResolveOptions {
  source: StagedRows;
  folder: string;
  suspects: readonly string[];
  quarantined: readonly string[];
  signal: AbortSignal;
  onBatch(done: { rows_done: number; images_done: number; bytes_done: number }): Promise<void>;
}

export interface ContentScope {
  policy: ImagePolicy;
  /** Indexes of their columns among the upload's image columns. */
  columns: ReadonlySet<number>;
  /** Where workers create files; one folder per upload. */
  temp: { path: string; group: number | null };
}

/** Contents of one batch of rows being prepared. */
export interface ContentBatch {
  /** In order of first row. */
  prepared: Promise<PreparedContent[]>;
  /** Text layers of pages by `source_hash`. */
  texts: Map<string, string | null>;
  found: FoundContents;
  /** Contents being prepared by an earlier batch that is not stored yet. */
  borrowed: Map<string, ContentBatch>;
}

export interface ContentStep {
  readonly documents: UploadDocuments;
  /** Looks contents up and sends unknown ones to the workers, without waiting. */
  begin(rows: StagedRow[]): Promise<ContentBatch>;
  /** Stores the prepared contents. Batches must finish in the order they began. */
  finish(batch: ContentBatch): Promise<FoundContents>;
  count(images: number): void;
  progress(): { images_done: number; bytes_done: number };
  assets(): UploadOutcome["assets"];
  /** Waits for the workers to finish. */
  close(): Promise<void>;
}

type Place = Pick<Content, "place" | "is_stored">;

/** Maximum contents per worker message; small, so that all workers finish a batch at about the same time. */
const MAX_MESSAGE_CONTENTS = 16;
/** Messages per worker for a small batch, for the same reason. */
const MESSAGES_PER_WORKER = 3;

export async function createContentStep(
  context: WorkContext,
  options: ResolveOptions,
  index: AssetIndex,
  { policy, columns, temp }: ContentScope,
): Promise<ContentStep> {
  const { lake, pool, settings } = context;
  const { manifest } = options.source;
  const staged = createUploadLayout(options.folder);
  const terms: PrepareTerms = {
    kind: manifest.content ?? "image",
    policy,
    verify: manifest.verify,
    max_pixels: settings.images.max_pixels,
    max_bytes: parseSize(settings.images.max_bytes),
    temp_folder: temp.path,
    file_mode: lake.modes.asset,
    file_group: temp.group,
  };
  const { pages: asked } = manifest;
  const documents = createUploadDocuments(context, options, index, terms);
  const { suspects, quarantined } = options;
  const makePages = asked && createPageStep(context, documents, { asked, terms, suspects, quarantined });
  const convert = createConvertStep(context, documents, terms);
  const inWork = new Map<string, ContentBatch>();
  const begun = new Set<ContentBatch>();
  const totals = { images: 0, bytes: 0, stored: 0, storedBytes: 0, brought: 0 };

  const locate = async (sourceHash: string): Promise<Place | undefined> => {
    const place = staged.file(sourceHash);
    if (await isStagedFile(place)) return { place, is_stored: false };
    const stored = await findStored(lake, manifest, sourceHash);
    if (stored !== undefined) {
      const staging = lake.layout.datasetAssets(manifest);
      return { place: { stagedAt: stored, staging }, is_stored: true };
    }
    return (await isStaged(place)) ? { place, is_stored: false } : undefined; // the worker reports problems
  };
  const prepareAll = async (contents: Content[]): Promise<PreparedContent[]> => {
    const messages: Promise<PreparedContent[]>[] = [];
    const share = Math.ceil(contents.length / (pool.size * MESSAGES_PER_WORKER));
    const count = Math.min(MAX_MESSAGE_CONTENTS, Math.max(1, share));
    for (let from = 0; from < contents.length; from += count) {
      messages.push(pool.prepare(terms, contents.slice(from, from + count)));
    }
    const answers = (await Promise.all(messages)).flat();
    return Promise.all(
      answers.map((answer, at) =>
        !answer.ok && answer.convertible !== undefined
          ? convert(answer.source_hash, contents[at]?.source_name ?? null, answer.convertible)
          : answer,
      ),
    );
  };
  const tried = await trySuspects(context, options, locate, (content) => prepareAll([content]));

  const begin = async (rows: StagedRow[]): Promise<ContentBatch> => {
    const names = namesOf(rows, columns);
    const known = await reusable(context, index.findBySource([...names.keys()]), terms);
    const found: FoundContents = new Map(known);
    const borrowed = new Map<string, ContentBatch>();
    const unknown: { hash: string; name: string | null }[] = [];
    const pages: WantedPage[] = [];
    for (const [hash, { source_name: name, page }] of names) {
      const lender = inWork.get(hash);
      const isStored = found.has(hash);
      if (lender) borrowed.set(hash, lender);
      else if (page && !(isStored && !asked?.text_layer)) {
        pages.push({ source_hash: hash, source_name: name, ...page, isStored });
      } else if (!isStored) unknown.push({ hash, name });
    }
    const places = await Promise.all(unknown.map(({ hash }) => locate(hash)));
    const before: PreparedContent[] = [];
    const contents: Content[] = [];
    for (const [at, { hash, name }] of unknown.entries()) {
      const place = places[at];
      const settled = tried.get(hash);
      if (settled) before.push(settled);
      else if (place) contents.push({ source_hash: hash, ...place, source_name: name });
      else found.set(hash, `its file ${name ?? hash} is missing from the upload`);
    }
    const texts = new Map<string, string | null>();
    const makeAll = async (): Promise<PreparedContent[]> => {
      const made = pages.length === 0 ? [] : ((await makePages?.(pages)) ?? []);
      for (const { source_hash, text } of made) if (asked?.text_layer) texts.set(source_hash, text);
      return made.flatMap(({ content }) => content ?? []);
    };
    const prepared = Promise.all([prepareAll(contents), makeAll()]).then((answers) =>
      inOrder([...before, ...answers.flat()], names),
    );
    prepared.catch(() => {}); // awaited later
    const batch: ContentBatch = { prepared, texts, found, borrowed };
    for (const { hash } of unknown) inWork.set(hash, batch);
    for (const { source_hash: hash } of pages) inWork.set(hash, batch);
    begun.add(batch);
    return batch;
  };

  const finish = async (batch: ContentBatch): Promise<FoundContents> => {
    const prepared = await batch.prepared;
    const results = await storeContents({ lake, dataset: manifest, index, terms }, prepared);
    for (const result of results) {
      batch.found.set(result.source_hash, "asset" in result ? result.asset : result.reason);
      if ("asset" in result && result.outcome === "stored") {
        totals.stored += 1;
        totals.storedBytes += result.asset.bytes;
      }
    }
    for (const [hash, text_layer] of batch.texts) {
      const asset = batch.found.get(hash);
      if (typeof asset === "object") batch.found.set(hash, { ...asset, text_layer });
    }
    for (const [hash, lender] of batch.borrowed) {
      const found = lender.found.get(hash);
      if (found !== undefined) batch.found.set(hash, found);
    }
    for (const [hash, found] of batch.found) {
      inWork.delete(hash);
      totals.images += 1;
      if (typeof found === "object") totals.bytes += found.bytes;
    }
    begun.delete(batch);
    return batch.found;
  };

  return {
    documents,
    begin,
    finish,
    count: (images) => {
      totals.brought += images;
    },
    progress: () => ({ images_done: totals.images, bytes_done: totals.bytes }),
    assets: () => ({
      stored: totals.stored,
      deduplicated: totals.brought - totals.stored,
      bytes: totals.storedBytes,
    }),
    close: async () => {
      await Promise.allSettled([...begun].map((batch) => batch.prepared));
      await documents.close();
    },
  };
}

/** Distinct contents of rows, each with the name of its first row. */
function namesOf(rows: readonly StagedRow[], columns: ReadonlySet<number>): Map<string, StagedContent> {
  const names = new Map<string, StagedContent>();
  for (const row of rows) {
    if (row.reject !== null) continue;
    const own = row.contents.flatMap((content, at) => (columns.has(at) ? (content ?? []) : []));
    for (const content of own) {
      const { source_hash: hash } = content;
      if (hash !== null && !names.has(hash)) names.set(hash, content);
    }
  }
  return names;
}

/** Prepares suspects one by one with idle workers, so a crash is theirs. Rejects quarantined ones unread. */
async function trySuspects(
  context: WorkContext,
  options: ResolveOptions,
  locate: (sourceHash: string) => Promise<Place | undefined>,
  prepare: (content: Content) => Promise<PreparedContent[]>,
): Promise<Map<string, PreparedContent>> {
  const tried = new Map<string, PreparedContent>();
  for (const hash of options.quarantined) {
    tried.set(hash, { ok: false, source_hash: hash, reason: KILLED_TWICE });
  }
  for (const hash of options.suspects) {
    const place = await locate(hash);
    if (place === undefined) continue;
    const source_name = await firstSourceName(context.database, options.source, hash);
    for (const answer of await prepare({ source_hash: hash, ...place, source_name })) tried.set(hash, answer);
  }
  return tried;
}

/** Restores row order: which of two equal images is stored must not depend on timing. */
function inOrder(answers: PreparedContent[], order: ReadonlyMap<string, unknown>): PreparedContent[] {
  const places = new Map([...order.keys()].map((hash, place) => [hash, place]));
  const place = (answer: PreparedContent) => places.get(answer.source_hash) ?? 0;
  return answers.sort((a, b) => place(a) - place(b));
}

/** Stored assets that this upload can reuse, by source. The index is a cache, so the file must exist. */
async function reusable(
  context: WorkContext,
  known: ReadonlyMap<string, readonly KnownAsset[]>,
  terms: StoreTerms,
): Promise<[string, AssetRecord][]> {
  const checks = [...known].map(async ([hash, assets]) => {
    const asset = assets.find((one) => fulfils(one, terms));
    const there = asset !== undefined && (await exists(context.lake.layout.asset(asset.path)));
    return there ? ([hash, asset] as [string, AssetRecord]) : undefined;
  });
  return (await Promise.all(checks)).filter((entry) => entry !== undefined);
}
