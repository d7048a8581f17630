import type { AssetRecord } from "../schema/asset.ts";

/** An asset, and of a page the JSON of its words, where they are asked for. */
export type FoundAsset = AssetRecord & { text_layer?: string | null };

/** The asset of each content, or the reason for its rejection. */
export type FoundContents = Map<string, FoundAsset | string>;
