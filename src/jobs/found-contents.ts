import type { AssetRecord } from "../schema/asset.ts";

/** An asset; for a page with its text layer as JSON, if requested. */
export type FoundAsset = AssetRecord & { text_layer?: string | null };

/** The asset of each content, or its rejection reason. */
export type FoundContents = Map<string, FoundAsset | string>;
