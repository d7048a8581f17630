import { AppError } from "../../errors.ts";
import { orderParts, wholeOf, type ZipPart } from "../zip/zip-parts.ts";

/** A zip among what is given, with its parts: itself, where it is whole. */
export interface FoundZip {
  path: string;
  parts: ZipPart[];
  /** Its position among what is given. */
  given: number;
}

/** Zips as they are found, part by part. */
export interface ZipList {
  /** Adds a zip or a part of one, once; `whole` is the path of that one where the part's own does not tell. */
  add(part: ZipPart, given: number, whole?: string): void;
  /** Each with its parts in order. Throws `invalid_input` where one is missing, or a zip is there whole too. */
  ordered(): Promise<FoundZip[]>;
}

export function createZipList(): ZipList {
  const zips = new Map<string, FoundZip>();
  return {
    add(part, given, whole = wholeOf(part.path) ?? part.path) {
      const zip = zips.get(whole) ?? { path: whole, parts: [], given };
      zips.set(whole, zip);
      if (!zip.parts.some(({ local }) => local === part.local)) zip.parts.push(part);
    },
    ordered: () => Promise.all(Array.from(zips.values(), inOrder)),
  };
}

async function inOrder(zip: FoundZip): Promise<FoundZip> {
  const names = new Set(zip.parts.map(({ path }) => path === zip.path));
  if (names.size > 1) {
    throw new AppError("invalid_input", `${zip.path} is there as a whole and in parts; keep one of them`);
  }
  return names.has(true) ? zip : { ...zip, parts: await orderParts(zip.path, zip.parts) };
}
