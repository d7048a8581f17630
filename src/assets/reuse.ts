import type { ContentKind, ImagePolicy, VerifyLevel } from "../schema/upload.ts";
import type { KnownAsset } from "./index.ts";

/** What an upload requires of the stored form of its contents. */
export interface StoreTerms {
  kind: ContentKind;
  policy: ImagePolicy;
  verify: VerifyLevel;
}

/** Whether a stored asset certainly equals what this upload would store, so that the source is skipped. */
export function fulfils(asset: KnownAsset, { kind, policy, verify }: StoreTerms): boolean {
  const { format, orientation } = asset;
  const isSource = asset.hash === asset.source_hash;
  if (asset.page_source !== null)
    return asset.policy === policy && (verify === "header" || asset.pixel_hash !== null);
  if (kind === "file") return isSource;
  // Stored as a plain file, or by a lake that did not count pages.
  if (asset.width === null || asset.pages === null) return false;
  if (verify === "full" && asset.pixel_hash === null) return false;
  const isTurned = format === "jpeg" && isSource && (orientation ?? 1) > 1;
  switch (policy) {
    case "preserve":
      return isSource;
    case "optimize":
      return isSource ? !isTurned || asset.policy === "optimize" : asset.policy === "optimize";
    case "jpeg":
      return asset.policy === "jpeg" || (format === "jpeg" && !isTurned);
  }
}
