import { readdir } from "node:fs/promises";
import { extname, join } from "node:path";

/** Files below a folder as paths relative to it, sorted folder by folder; hidden ones are left out. One folder is held at a time. */
export async function* walkFiles(folder: string, below = ""): AsyncGenerator<string> {
  const entries = await readdir(join(folder, below), { withFileTypes: true });
  const seen = entries
    .filter((entry) => !entry.name.startsWith("."))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of seen) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) yield* walkFiles(folder, path);
    else if (entry.isFile() || entry.isSymbolicLink()) yield path;
  }
}

const IMAGE_EXTENSIONS = new Set(
  ".jpg .jpeg .jpe .jfif .png .webp .gif .bmp .tif .tiff .avif .heic .heif .jp2 .ppm .pgm .svg".split(" "),
);

export function isImagePath(path: string): boolean {
  return IMAGE_EXTENSIONS.has(extname(path).toLowerCase());
}
