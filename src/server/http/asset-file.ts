import { dirname } from "node:path";
import { AppError } from "../../errors.ts";
import { isMissing } from "../../lake/files.ts";
import type { Lake } from "../../lake/lake.ts";
import { openStaged } from "../../lake/staged-file.ts";

/** The `path` of a row: `provider=P/dataset=D/ab/cd/<sha256>.<ext>`. Nothing else below `assets/` is given out. */
const ASSET_PATH =
  /^provider=[^/\\\0]+\/dataset=[^/\\\0]+\/([0-9a-f]{2})\/([0-9a-f]{2})\/(\1\2[0-9a-f]{60})\.([a-z0-9]{1,12})$/;

export interface AssetFile {
  /** Absolute. */
  path: string;
  hash: string;
  extension: string;
  sizeBytes: number;
}

/** The asset of a path that somebody names; undefined where that is none, or not a regular file. */
export async function findAsset(lake: Lake, named: string): Promise<AssetFile | undefined> {
  const path = named.normalize("NFC");
  const [, , , hash, extension = ""] = ASSET_PATH.exec(path) ?? [];
  const isPlain = !path.split("/").some((part) => part === "." || part === "..");
  const sizeBytes = hash !== undefined && isPlain ? await sizeOf(lake, path) : undefined;
  return sizeBytes === undefined || hash === undefined
    ? undefined
    : { path: lake.layout.asset(path), hash, extension, sizeBytes };
}

/** Undefined where it is not a regular file: an asset is never a link, and what one names is not to be given out. */
async function sizeOf({ layout }: Lake, path: string): Promise<number | undefined> {
  const dataset = dirname(dirname(dirname(path))); // which may lie on another disk
  const place = { stagedAt: layout.asset(path), staging: layout.asset(dataset) };
  try {
    const file = await openStaged(place, { maxBytes: Number.POSITIVE_INFINITY });
    await file.close();
    return file.facts.size;
  } catch (error) {
    if (isMissing(error) || (error instanceof AppError && error.code === "corrupt")) return undefined;
    throw error;
  }
}
