/** Image bytes, paths into the lake (or links to its files), hard links to its files, or no images. */
export const IMAGE_MODES = ["embed", "reference", "link", "none"] as const;
export type ImageMode = (typeof IMAGE_MODES)[number];
