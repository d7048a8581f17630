import { constants } from "node:fs";
import { copyFile, link, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError, systemCode } from "../../errors.ts";
import { toPng, turnUpright } from "../../images/upright.ts";
import { hashBytes } from "../../lake/digest.ts";
import { exists, isMissing } from "../../lake/files.ts";
import type { ImageMode } from "../image-mode.ts";
import type { Counter } from "./counts.ts";
import type { SampleImage } from "./sample.ts";

/** The images of an output, as readers that know no EXIF see them right: upright. */
export interface SampleImages {
  readonly mode: ImageMode;
  /** The bytes of a page. */
  read(image: SampleImage, options?: Pick<PlaceOptions, "taken">): Promise<Uint8Array>;
  /** Where a page is: its absolute path in the lake where the output refers to that, else its name in the output, as `place`. */
  refer(image: SampleImage, folder: string, options?: PlaceOptions): Promise<string>;
  /**
   * Puts a page into a folder of the output; gives its name there. A page that is there already is not put again. Its name
   * is that of its source, made safe, with the begin of its digest: no two pages share one.
   */
  place(image: SampleImage, folder: string, options?: PlaceOptions): Promise<string>;
}

export interface PlaceOptions {
  /** Of the file, in place of that of its format. */
  extension?: string;
  /** Formats that the readers take (`jpeg`, `png`...); others become PNG. */
  taken?: readonly string[];
  /** Behind the name, for a further file of the same page. */
  suffix?: string;
}

/** Called for each file that was put into the output beside the data files. */
export type OnPlaced = (file: { name: string; bytes: number; sha256: string }) => Promise<void>;

/** `folder` is where the output is made. */
export function createSampleImages(
  folder: string,
  mode: ImageMode,
  counter: Counter,
  onPlaced: OnPlaced,
): SampleImages {
  const made = new Set<string>();
  const isAsItIs = (image: SampleImage, { taken }: PlaceOptions = {}) =>
    (image.orientation ?? 1) <= 1 && (taken === undefined || taken.includes(image.format));
  const read = async (image: SampleImage, options: PlaceOptions = {}): Promise<Uint8Array> => {
    const bytes = await readFile(image.path).catch((cause) => {
      if (!isMissing(cause)) throw cause;
      throw new AppError("missing_asset", `${image.path} is missing; restore it`, { cause });
    });
    if (isAsItIs(image, options)) return bytes;
    const upright = await turnUpright(bytes);
    if (upright !== bytes) counter.change("pages turned upright");
    if (options.taken?.includes(image.format) ?? true) return upright;
    counter.change(`pages of a format that readers lack (${image.format}) written as PNG`);
    return toPng(upright);
  };
  const put = async (image: SampleImage, name: string, options: PlaceOptions) => {
    const target = join(folder, name);
    if (!isAsItIs(image, options)) {
      if (await exists(target)) return;
      const bytes = await read(image, options);
      await writeFile(target, bytes, { flag: "wx" });
      return onPlaced({ name, bytes: bytes.length, sha256: hashBytes(bytes) });
    }
    if (mode === "reference") return symlink(image.path, target);
    if (mode === "link") await link(image.path, target).catch(explainLink);
    else await copyFile(image.path, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    return onPlaced({ name, bytes: image.bytes, sha256: image.hash });
  };
  const place = async (image: SampleImage, within: string, options: PlaceOptions = {}) => {
    const isTaken = options.taken?.includes(image.format) ?? true;
    const extension = options.extension ?? (isTaken ? image.extension : "png");
    const name = `${within}/${imageName(image)}${options.suffix ?? ""}.${extension}`;
    if (!made.has(within)) await mkdir(dirname(join(folder, name)), { recursive: true });
    made.add(within);
    try {
      await put(image, name, options);
    } catch (error) {
      if (systemCode(error) !== "EEXIST") throw error;
    }
    return name;
  };
  return {
    mode,
    read,
    place,
    refer: async (image, within, options) =>
      mode === "reference" && isAsItIs(image, options) ? image.path : place(image, within, options),
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
