import type { AssetIndex } from "../assets/index.ts";
import { isParallel, kindlessName } from "../ingest/collection/folder-kinds.ts";
import { splitOf } from "../ingest/collection/split-folders.ts";
import type { AssetRecord } from "../schema/asset.ts";
import type { ReferenceColumn } from "../schema/columns.ts";
import { formatDataset } from "../schema/partition.ts";
import type { UploadManifest } from "../schema/upload.ts";
import { shorten } from "../util/format.ts";
import type { StagedRow } from "./staged-rows.ts";

const SHOWN_CHARS = 300;

/** The referenced asset with its source name, or why it was not found. */
export type Reference = { asset: AssetRecord; source_name: string | null } | { reason: string };

/** Resolves the raw assets that a batch's rows refer to, one result per row; undefined without references. */
export function resolveReferences(
  index: AssetIndex,
  manifest: UploadManifest,
  rows: readonly StagedRow[],
): ((row: StagedRow) => Reference) | undefined {
  const kind = manifest.reference;
  if (kind === null) return undefined;
  const values = new Set<string>();
  for (const row of rows) {
    if (row.reference !== null && row.reject === null) values.add(row.reference);
  }
  const found = FINDERS[kind](index, [...values]);
  return ({ reference }) => {
    if (reference === null) return { reason: `${kind} is empty; it must refer to a raw asset` };
    const assets = found.get(reference) ?? [];
    const [asset] = assets;
    const named = `${kind} ${JSON.stringify(shorten(reference, SHOWN_CHARS))}`;
    if (asset === undefined) return { reason: `no raw asset with ${named} in ${formatDataset(manifest)}` };
    if (assets.length > 1) return { reason: `${named} is ambiguous: ${candidates(assets, kind)}` };
    return { asset: asset.record, source_name: asset.sourceName };
  };
}

interface Referred {
  record: AssetRecord;
  sourceName: string | null;
}

type Found = Map<string, Referred[]>;

const FINDERS: Record<ReferenceColumn, (index: AssetIndex, values: string[]) => Found> = {
  hash: byHash,
  path: byPath,
  source_name: byName,
  source_stem: byStem,
};

const SHOWN = 5;

function candidates(assets: readonly Referred[], kind: ReferenceColumn): string {
  if (kind !== "source_stem") return `${assets.length} raw assets have it`;
  const names = assets.slice(0, SHOWN).map(({ sourceName }) => shorten(sourceName ?? "", SHOWN_CHARS));
  const more = assets.length > SHOWN ? ` and ${assets.length - SHOWN} more` : "";
  return `${names.join(", ")}${more}; refer to one by source_name`;
}

/**
 * One asset under several names with the same stem is one page. A folder before the stem that says a split
 * leaves out pages of other splits; of several that are left the folders say which.
 */
function byStem(index: AssetIndex, values: string[]): Found {
  const stemOf = (value: string) => value.slice(value.lastIndexOf("/") + 1);
  const names = index.findNamesByStem([...new Set(values.map(stemOf))]);
  const assets = byName(index, [...new Set([...names.values()].flat())]);
  const found: Found = new Map();
  for (const value of values) {
    const split = splitOf(value);
    const isOther = (name: string) =>
      (split !== undefined && (splitOf(name) ?? split) !== split) || areOfSeries(value, name);
    const ofStem = (names.get(stemOf(value)) ?? []).filter((name) => !isOther(name));
    const pagesOf = (of: readonly string[]) => {
      const byHash = new Map<string, Referred>();
      for (const one of of.flatMap((name) => assets.get(name) ?? [])) {
        if (!byHash.has(one.record.hash)) byHash.set(one.record.hash, one);
      }
      return [...byHash.values()];
    };
    const pages = pagesOf(ofStem);
    const closest = pages.length > 1 ? pagesOf(closestNames(value, ofStem)) : [];
    found.set(value, closest.length === 1 ? closest : pages);
  }
  return found;
}

/**
 * The names that have most folders in common with a label's, counted from the end and without those that say a kind.
 * All folders of one must be the last ones of the other: those that differ are of two documents.
 */
function closestNames(label: string, names: readonly string[]): string[] {
  const own = foldersOf(label);
  const common = names.map((name) => {
    const folders = foldersOf(name);
    const count = Math.min(own.length, folders.length);
    const ends = [own, folders].map((list) => list.slice(list.length - count).join("/"));
    return ends[0] === ends[1] ? count : 0;
  });
  const most = Math.max(0, ...common);
  return most === 0 ? [] : names.filter((_, at) => common[at] === most);
}

/** Whether a folder of one looks like the other's of a series, between those that both begin and end with. */
function areOfSeries(label: string, name: string): boolean {
  const [own, others] = [foldersOf(label), foldersOf(name)];
  const shorter = Math.min(own.length, others.length);
  let above = 0;
  while (above < shorter && own[above] === others[above]) above++;
  let below = 0;
  while (below < shorter - above && own.at(-1 - below) === others.at(-1 - below)) below++;
  const between = own.slice(above, shorter - below);
  return between.some((folder, at) => isParallel(folder, others[above + at] as string));
}

/** Without those that say a split, by which other pages are left out before. */
function foldersOf(path: string): string[] {
  const folders = path.normalize("NFC").split("/").slice(0, -1);
  const others = folders.filter((name) => splitOf(`${name}/`) === undefined);
  return others.map(kindlessName).filter((name) => name !== "");
}

function byName(index: AssetIndex, names: string[]): Found {
  const found: Found = new Map();
  for (const [name, records] of index.findByName(names)) {
    found.set(
      name,
      records.map((record) => ({ record, sourceName: name })),
    );
  }
  return found;
}

function byHash(index: AssetIndex, hashes: string[]): Found {
  const found: Found = new Map();
  for (const [hash, record] of index.findByHash(hashes)) {
    found.set(hash, [{ record, sourceName: record.source_name }]);
  }
  return found;
}

/** A path ends in `<hash>.<ext>` and must equal that asset's path. */
function byPath(index: AssetIndex, paths: string[]): Found {
  const hashes = new Map(paths.map((path) => [path, /([0-9a-f]{64})\.[^/]*$/.exec(path)?.[1] ?? ""]));
  const records = index.findByHash([...new Set(hashes.values())]);
  const found: Found = new Map();
  for (const [path, hash] of hashes) {
    const record = records.get(hash);
    if (record?.path === path) found.set(path, [{ record, sourceName: record.source_name }]);
  }
  return found;
}
