import { lstat, rm } from "node:fs/promises";
import { dirname, relative } from "node:path";
import { AppError } from "../errors.ts";
import { syncBatch, syncFileSystem, syncFolder } from "../lake/durable.ts";
import { ensureFolder, exists } from "../lake/files.ts";
import type { Lake } from "../lake/lake.ts";
import { linkExclusive } from "../lake/link.ts";
import { kindProblem } from "../lake/staged-file.ts";
import type { AssetRecord } from "../schema/asset.ts";
import type { DatasetKey } from "../schema/partition.ts";
import type { PreparedContent } from "../schema/work.ts";
import { mapConcurrent } from "../util/concurrent.ts";
import type { AssetIndex, KnownAsset } from "./index.ts";
import { fulfils, type StoreTerms } from "./reuse.ts";

export interface StoreTarget {
  lake: Lake;
  dataset: DatasetKey;
  index: AssetIndex;
  terms: StoreTerms;
}

export type StoredContent =
  | { source_hash: string; asset: AssetRecord; outcome: "stored" | "deduplicated" }
  | { source_hash: string; reason: string };

type Usable = Extract<PreparedContent, { ok: true }>;

const IN_FLIGHT = 16;

/**
 * Stores prepared contents, all or none; results in the given order. Among equal bytes (or equal pixels,
 * unless the policy keeps every byte) the first in order is stored and shared, independent of worker timing.
 * Durable on return. Throws `corrupt` if a name exists with other bytes, and system errors (ENOSPC, EIO).
 */
export async function storeContents(
  target: StoreTarget,
  prepared: readonly PreparedContent[],
): Promise<StoredContent[]> {
  const usable = prepared.filter((content) => content.ok);
  const made = usable.filter((content) => content.file_is !== "stored");
  try {
    const decided = await decide(target, usable);
    const fresh = usable.filter((content) => decided.get(content.source_hash)?.outcome === "stored");
    await placeFiles(target, fresh, decided);
    const { policy } = target.terms;
    target.index.add([...decided.values()].map(({ asset }) => ({ ...asset, policy })));
    return prepared.map(({ source_hash, ...content }) => {
      const found = decided.get(source_hash);
      if (found) return { source_hash, ...found };
      return { source_hash, reason: "reason" in content ? content.reason : "it was not prepared" };
    });
  } finally {
    await mapConcurrent(made, IN_FLIGHT, ({ file }) => rm(file, { force: true }));
  }
}

type Decision = { asset: AssetRecord; outcome: "stored" | "deduplicated" };

/** Decides in order which contents become assets and which share one. */
async function decide(target: StoreTarget, usable: readonly Usable[]): Promise<Map<string, Decision>> {
  const { lake, dataset, index, terms } = target;
  const knownByHash = index.findByHash(usable.map(({ hash }) => hash));
  const sharesPixels = terms.policy !== "preserve";
  const pixelHashes = sharesPixels ? usable.map(({ pixel_hash }) => pixel_hash) : [];
  const knownByPixels = index.findByPixels(pixelHashes.filter((hash) => hash !== null));
  const freshByHash = new Map<string, AssetRecord>();
  const freshByPixels = new Map<string, AssetRecord>();
  const decided = new Map<string, Decision>();
  const share = (content: Usable, asset: AssetRecord) =>
    decided.set(content.source_hash, { asset: fromSource(content, asset), outcome: "deduplicated" });

  for (const content of usable) {
    const { hash, pixel_hash } = content;
    const sameBytes = freshByHash.get(hash) ?? (await present(lake, knownByHash.get(hash)));
    if (sameBytes) {
      share(content, sameBytes);
      continue;
    }
    if (sharesPixels && pixel_hash !== null) {
      const asset =
        freshByPixels.get(pixel_hash) ?? (await firstPresent(lake, knownByPixels.get(pixel_hash), terms));
      if (asset) {
        share(content, asset);
        continue;
      }
    }
    const asset = describeAsset(lake, dataset, content);
    decided.set(content.source_hash, { asset, outcome: "stored" });
    freshByHash.set(hash, asset);
    if (pixel_hash !== null && !freshByPixels.has(pixel_hash)) {
      freshByPixels.set(pixel_hash, asset);
    }
  }
  return decided;
}

/** The asset's record for another source: with that source's origin and its current check results. */
function fromSource(content: Usable, asset: AssetRecord): AssetRecord {
  const { source_hash, pages, orientation, dpi, page_source } = content;
  const { hash, path, bytes } = asset;
  // The asset may be known as a file only.
  const { width, height, format } = asset.width === null ? content : asset;
  const pixel_hash = content.pixel_hash ?? asset.pixel_hash;
  const facts = { width, height, format, bytes, pages, orientation, dpi, pixel_hash };
  return { source_hash, hash, path, ...facts, page_source: page_source ?? null };
}

/** The first of these assets that exists and matches what the upload would store for such pixels. */
async function firstPresent(
  lake: Lake,
  known: readonly KnownAsset[] | undefined,
  terms: StoreTerms,
): Promise<KnownAsset | undefined> {
  for (const asset of known ?? []) {
    if (fulfils(asset, terms) && (await present(lake, asset))) return asset;
  }
  return undefined;
}

async function present<T extends AssetRecord>(lake: Lake, record: T | undefined): Promise<T | undefined> {
  return record && (await exists(lake.layout.asset(record.path))) ? record : undefined;
}

function describeAsset(lake: Lake, dataset: DatasetKey, content: Usable): AssetRecord {
  const { source_hash, hash, extension, width, height, format, bytes } = content;
  const { pages, orientation, dpi, pixel_hash, page_source } = content;
  const path =
    content.file_is === "stored"
      ? relative(lake.layout.assets, content.file)
      : lake.layout.assetPath(dataset, hash, extension);
  const facts = { width, height, format, bytes, pages, orientation, dpi, pixel_hash };
  return { source_hash, hash, path, ...facts, page_source: page_source ?? null };
}

/**
 * Content first, then names: two flushes per batch, so that no name can outlive its content in a power cut.
 */
async function placeFiles(
  { lake, dataset }: StoreTarget,
  decidedFresh: readonly Usable[],
  decided: ReadonlyMap<string, Decision>,
): Promise<void> {
  const fresh = decidedFresh.filter((content) => content.file_is !== "stored");
  if (fresh.length === 0) return;
  const root = lake.layout.datasetAssets(dataset);
  await ensureFolder(root, lake.modes);
  const placements = fresh.map((content) => {
    const path = decided.get(content.source_hash)?.asset.path ?? "";
    return { content, final: lake.layout.asset(path) };
  });
  const written = fresh.filter(({ file_is }) => file_is === "written").map(({ file }) => file);
  if (written.length > 0) await syncBatch(root, written);
  const folders = new Set(placements.map(({ final }) => dirname(final)));
  await mapConcurrent([...folders], IN_FLIGHT, (folder) => ensureFolder(folder, lake.modes));
  await mapConcurrent(placements, IN_FLIGHT, ({ content, final }) => placeFile(content, final));
  if (!(await syncFileSystem(root))) {
    const all = new Set([...folders, ...[...folders].map(dirname), root, dirname(root), lake.layout.assets]);
    await mapConcurrent([...all], IN_FLIGHT, syncFolder);
  }
}

async function placeFile(content: Usable, final: string): Promise<void> {
  if (await linkExclusive(content.file, final)) return;
  const found = await lstat(final);
  const problem = kindProblem(found);
  if (problem !== undefined) {
    throw new AppError(
      "corrupt",
      `the asset ${final} ${problem}; remove it, then run \`datalake process retry\``,
      { details: { path: final } },
    );
  }
  const { size } = found;
  if (size === content.bytes) return;
  throw new AppError(
    "corrupt",
    `the asset ${final} has ${size} bytes, but its content has ${content.bytes}; restore it from a backup or remove it, then run \`datalake process retry\``,
    { details: { path: final } },
  );
}
