/** Image bytes; paths into the lake (or symbolic links to its files); hard links to its files; none. */
export const IMAGE_MODES = ["embed", "reference", "link", "none"] as const;
export type ImageMode = (typeof IMAGE_MODES)[number];
