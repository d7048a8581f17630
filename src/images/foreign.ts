/** A file type often found beside images that the lake cannot store as an image. */
export interface ForeignFormat {
  /** As used before "file" or "files". */
  name: string;
  /** What the user can do: an imperative clause that follows a semicolon. */
  advice: string;
  endings: readonly string[];
  /** Signatures, matched against the first bytes as Latin-1 text; without any, the extension decides. */
  begins?: readonly (string | RegExp)[];
}

const UNPACK = "unpack first";
const CONVERT = "convert to JPEG, PNG or TIFF first";
const PAGES = "save as PDF and upload that";

/** The first matching signature wins. */
const FOREIGN_FORMATS: readonly ForeignFormat[] = [
  foreign(
    "PDF",
    "pdf",
    "upload it as a file with the ending .pdf: each of its pages becomes a row",
    /^\s*%PDF/,
  ),
  // MP4 files do not list this brand.
  foreign(
    "AVIF (of a brand that Pillow does not open)",
    "",
    "save as AVIF again, or convert to JPEG or PNG first",
    /^.{4}ftyp(.{4}){2,14}?avi[fs]/s,
  ),
  foreign("JPEG XL", "jxl", CONVERT, "\xff\x0a", "\0\0\0\x0cJXL "),
  foreign("JPEG XR", "jxr wdp hdp", CONVERT, "II\xbc"),
  foreign("Photoshop", "psd psb", "export as PNG or TIFF first", "8BPS"),
  foreign("DjVu", "djvu djv", "convert to TIFF first, for example with `ddjvu -format=tiff`", "AT&TFORM"),
  foreign("SVG", "svg svgz", "render as PNG first", /^(\xef\xbb\xbf)?\s*(<[?!][^>]*>\s*)*<svg/),
  foreign("PostScript", "ps eps ai", PAGES, "%!PS"),
  foreign("PNM", "ppm pgm pbm pnm pam", CONVERT, /^P[1-7][\s#]/),
  foreign("TGA", "tga", CONVERT, "\0\0\x02\0\0\0"), // similar to a cursor, but without a picture count
  foreign("icon", "ico cur", CONVERT, "\0\0\x01\0", "\0\0\x02\0"),
  foreign("OpenEXR", "exr", CONVERT, "v/1\x01"),
  foreign("camera raw", "cr2 cr3 nef arw raf orf rw2", CONVERT),
  foreign("Office", "docx pptx xlsx hwpx odt doc ppt xls hwp", PAGES, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
  foreign(
    "ZIP",
    "zip cbz",
    "unpack first, or give it the ending .zip",
    "PK\x03\x04",
    "PK\x05\x06",
    "PK\x07\x08",
  ),
  foreign("RAR", "rar cbr", UNPACK, "Rar!"),
  foreign("7z", "7z", UNPACK, "7z\xbc\xaf"),
  foreign("tar", "tar tgz txz", UNPACK, /^.{257}ustar/s),
  foreign("gzip", "gz", UNPACK, "\x1f\x8b"),
  foreign("xz", "xz", UNPACK, "\xfd7zXZ"),
  foreign("zstd", "zst", UNPACK, "\x28\xb5\x2f\xfd"),
  foreign(
    "video",
    "mp4 mov avi mkv webm",
    "extract single frames first",
    /^(.{4}ftyp|RIFF.{4}AVI )/s,
    "\x1aE\xdf\xa3",
  ),
  foreign("Git LFS pointer", "", "fetch its content with `git lfs pull`", "version https://git-lfs"),
  foreign(
    "HTML",
    "html htm",
    "download the actual file again",
    /^(\xef\xbb\xbf)?\s*<(!doctype html|html|head|body)/i,
  ),
  foreign("XML", "xml", "give the image itself", /^(\xef\xbb\xbf)?\s*<\?xml/),
  foreign("AppleDouble", "", "give the file without ._ in its name", "\0\x05\x16\x07"),
];

/** Bytes needed from the start of a file to recognize every format. */
export const HEAD_BYTES = 512;

/** The type by the first bytes, or by the extension if they match nothing; undefined if unknown. */
export function foreignFormat(head: Uint8Array, name = ""): ForeignFormat | undefined {
  const text = Buffer.from(head.subarray(0, HEAD_BYTES)).toString("latin1");
  const told = FOREIGN_FORMATS.find(({ begins }) => begins?.some((begin) => startsLike(text, begin)));
  const byEnding = foreignByEnding(name);
  // Modern Office documents are ZIP archives; the extension is more specific.
  return told?.name === "ZIP" && byEnding?.name === "Office" ? byEnding : (told ?? byEnding);
}

export function foreignByEnding(name: string): ForeignFormat | undefined {
  const ending = /\.([^.]+)$/.exec(name.toLowerCase())?.[1];
  return ending === undefined ? undefined : FOREIGN_FORMATS.find(({ endings }) => endings.includes(ending));
}

/** Why content is rejected that is not in a supported image format, from its first bytes. */
export function foreignReason(bytes: Uint8Array): string {
  if (bytes.length === 0) return "the image is empty";
  const foreign = foreignFormat(bytes);
  return foreign === undefined
    ? "not an image in a supported format (JPEG, PNG, WebP, AVIF, GIF, TIFF, BMP, HEIC, JPEG 2000)"
    : `${foreign.name} file, not a supported image; ${foreign.advice}`;
}

function foreign(
  name: string,
  endings: string,
  advice: string,
  ...begins: (string | RegExp)[]
): ForeignFormat {
  return { name, advice, endings: endings.split(" "), begins };
}

function startsLike(text: string, begin: string | RegExp): boolean {
  return typeof begin === "string" ? text.startsWith(begin) : begin.test(text);
}
