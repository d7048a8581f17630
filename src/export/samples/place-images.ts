import { constants } from "node:fs";
import { copyFile, link, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError, systemCode } from "../../errors.ts";
import { turnUpright } from "../../images/upright.ts";
import { hashBytes } from "../../lake/digest.ts";
import type { ImageMode } from "../image-mode.ts";
import type { Counter } from "./counts.ts";
import type { SampleImage } from "./sample.ts";

/** The images of an output, as readers that know no EXIF see them right: upright. */
export interface SampleImages {
  readonly mode: ImageMode;
  /** The bytes of a page. */
  read(image: SampleImage): Promise<Uint8Array>;
  /**
   * Puts a page into a folder of the output; gives its name there. A page that is there already is not put again. Its name
   * is that of its source, made safe, with the begin of its digest: no two pages share one.
   */
  place(image: SampleImage, folder: string, options?: PlaceOptions): Promise<string>;
}

export interface PlaceOptions {
  /** In place of the asset's. */
  extension?: string;
}

/** Called for each file that holds the bytes of an image. */
export type OnPlaced = (file: { name: string; bytes: number; sha256: string }) => Promise<void>;

/** `folder` is where the output is made. */
export function createSampleImages(
  folder: string,
  mode: ImageMode,
  counter: Counter,
  onPlaced: OnPlaced,
): SampleImages {
  const made = new Set<string>();
  const read = async (image: SampleImage): Promise<Uint8Array> => {
    const bytes = await readFile(image.path);
    if ((image.orientation ?? 1) <= 1) return bytes;
    const upright = await turnUpright(bytes);
    if (upright !== bytes) counter.change("pages turned upright");
    return upright;
  };
  const put = async (image: SampleImage, name: string) => {
    const target = join(folder, name);
    if ((image.orientation ?? 1) > 1) {
      const bytes = await read(image);
      await writeFile(target, bytes, { flag: "wx" });
      return onPlaced({ name, bytes: bytes.length, sha256: hashBytes(bytes) });
    }
    if (mode === "reference") return symlink(image.path, target);
    if (mode === "link") await link(image.path, target).catch(explainLink);
    else await copyFile(image.path, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    return onPlaced({ name, bytes: image.bytes, sha256: image.hash });
  };
  return {
    mode,
    read,
    place: async (image, within, { extension = image.extension } = {}) => {
      const name = `${within}/${imageName(image)}.${extension}`;
      if (!made.has(within)) await mkdir(dirname(join(folder, name)), { recursive: true });
      made.add(within);
      try {
        await put(image, name);
      } catch (error) {
        if (systemCode(error) !== "EEXIST") throw error;
      }
      return name;
    },
  };
}

const DIGEST_CHARS = 12;
const MAX_STEM_BYTES = 100;

/** `스캔/계약 1.pdf#page=3` -> `계약_1_pdf_page_3-0123456789ab`: without dots, which readers of tar files take for the extension. */
export function imageName({ sourceName, hash }: Pick<SampleImage, "sourceName" | "hash">): string {
  const base = (sourceName ?? "").normalize("NFC").split("/").at(-1) ?? "";
  const stem = base.replace(/\.[A-Za-z0-9]{1,5}$/, "").replace(/[^\p{L}\p{M}\p{N}]+/gu, "_");
  const digest = hash.slice(0, DIGEST_CHARS);
  const short = cutBytes(stem.replace(/^_+|_+$/g, ""), MAX_STEM_BYTES);
  return short === "" ? digest : `${short}-${digest}`;
}

/** As many whole characters as fit. */
function cutBytes(text: string, most: number): string {
  let bytes = 0;
  let cut = "";
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > most) return cut;
    cut += character;
  }
  return cut;
}

function explainLink(error: unknown): never {
  if (systemCode(error) !== "EXDEV") throw error;
  throw new AppError(
    "usage",
    "--images link makes hard links, which need the output on the file system of the lake; use --images embed or reference",
    { cause: error },
  );
}
