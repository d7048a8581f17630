import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { type FontFace, type ReadAt, readFaces } from "./sfnt.ts";

/** A font of this machine. */
export interface InstalledFont extends FontFace {
  path: string;
}

/** Where Linux and macOS keep fonts. */
export function fontFolders(home = homedir()): string[] {
  const own = [".fonts", ".local/share/fonts", "Library/Fonts"].map((folder) => join(home, folder));
  return ["/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts", "/Library/Fonts", ...own];
}

const MAX_FILES = 20_000;

/** Every font below the folders that has Korean, in the order of their paths. */
export function findKoreanFonts(folders: readonly string[]): InstalledFont[] {
  const paths = folders.flatMap((folder) => fontFiles(folder)).slice(0, MAX_FILES);
  return paths.flatMap((path) => readInstalled(path).filter(({ hangul }) => hangul));
}

/** The fonts of a file; none where it is no font, or cannot be read. */
export function readInstalled(path: string): InstalledFont[] {
  try {
    return withFile(path, (read) => readFaces(read).map((face) => ({ ...face, path })));
  } catch {
    return [];
  }
}

function fontFiles(folder: string): string[] {
  try {
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
    return names
      .filter((name) => /\.(ttf|otf|ttc|otc)$/i.test(name))
      .sort()
      .map((name) => join(folder, name));
  } catch {
    return []; // there is none, or it may not be read
  }
}

function withFile<T>(path: string, use: (read: ReadAt) => T): T {
  const file = openSync(path, "r");
  try {
    return use((offset, length) => {
      const bytes = new Uint8Array(length);
      return bytes.subarray(0, readSync(file, bytes, 0, length, offset));
    });
  } finally {
    closeSync(file);
  }
}

const SERIF = /serif|myeong|myungj|batang|gungs|명조|바탕|궁서/i;
/** Of a collection for several scripts, the faces whose shapes are Korean. */
const KOREAN = /\bKR\b|korea|nanum|malgun|batang|gulim|dotum|gothic neo|baekmuk|un ?dotum/i;

/** The font that stands best for one that a PDF names: of the same kind of stroke, and Korean rather than shared. */
export function chooseFont(fonts: readonly InstalledFont[], face: string): InstalledFont | undefined {
  const serif = SERIF.test(face) && !/sans/i.test(face);
  const score = ({ family }: InstalledFont) => {
    const same = (SERIF.test(family) && !/sans/i.test(family)) === serif;
    return (KOREAN.test(family) ? 4 : 0) + (same ? 2 : 0) + (/mono|light|thin|black/i.test(family) ? 0 : 1);
  };
  return fonts.reduce<InstalledFont | undefined>(
    (best, font) => (best === undefined || score(font) > score(best) ? font : best),
    undefined,
  );
}
