import { inspectJpeg } from "../../images/jpeg.ts";
import { loadSharp } from "../../images/sharp.ts";
import { sniffFormat } from "../../images/sniff.ts";
import { encodeDeepPng, toEightBits } from "../convert/deep-samples.ts";
import { decodeJp2, jp2Problem } from "../convert/jp2.ts";
import { readJp2Header } from "../convert/jp2-header.ts";
import { codedData, imageSamples, type Samples } from "../pdfium/image.ts";
import type { Pdfium } from "../pdfium/instance.ts";
import { encodePng } from "../png.ts";
import { ccittTiff } from "./ccitt-tiff.ts";
import type { PageImage } from "./find.ts";
import { turnJpeg } from "./jpeg-turn.ts";
import { drawSmall, looksLike } from "./prove.ts";

/** The image of a page as a file of its own. */
export interface KeptImage {
  format: "jpeg" | "tiff" | "png";
  /** Of EXIF: how the file is to be turned, as it says itself. */
  orientation: number;
  /** Makes the bytes of the file. */
  encode(): Promise<Uint8Array>;
}

/** EXIF's numbers for quarters of a turn, clockwise. */
const TURNS = [1, 6, 3, 8];
/** Of a pixel, where samples have at most 8 bits and PDFium loses none. */
const PLAIN_BITS = [1, 2, 4, 8, 24];

/**
 * The image of a page as it is in the document: its own bytes, or where these are no file its samples. Undefined where
 * that would not be what the page shows. Throws `PageFault` for an image that is damaged.
 */
export async function keepPageImage(
  pdfium: Pdfium,
  page: { handle: number; number: number },
  image: PageImage,
  pauseMs: number,
): Promise<KeptImage | undefined> {
  const filter = image.filters.at(-1);
  const jpeg = filter === "DCTDecode" ? codedData(pdfium, image.handle, image) : undefined;
  if (filter === "JPXDecode") return keepJp2(pdfium, page, { image, pauseMs });
  if (jpeg && !isJpegOf(jpeg, image)) return undefined;
  if (jpeg === undefined && !PLAIN_BITS.includes(image.bitsPerPixel)) return undefined;
  const drawn = drawSmall(pdfium, page.handle, image, pauseMs);
  if (drawn === undefined) return undefined;
  const orientation = TURNS[image.quarters] ?? 1;
  if (jpeg) {
    const inks = inspectJpeg(jpeg).colours === "other";
    if (!(await looksLike(drawn, jpeg, { format: "jpeg", page: page.number, inks }))) return undefined;
    // What is painted with inks is compared with PDFium's own look at them.
    if (inks && (await shownSamples(pdfium, image, drawn, page.number)) === undefined) return undefined;
    return { format: "jpeg", orientation, encode: async () => turnJpeg(jpeg, orientation) };
  }
  const samples = await shownSamples(pdfium, image, drawn, page.number);
  if (samples === undefined) return undefined;
  const tiff =
    filter === "CCITTFaxDecode"
      ? await findTiff(codedData(pdfium, image.handle, image), samples, { image, orientation })
      : undefined;
  if (tiff) return { format: "tiff", orientation, encode: async () => tiff };
  const { quarters, dpi } = image;
  return { format: "png", orientation: 1, encode: () => encodePng(samples, { quarters, dpi }) };
}

/**
 * The samples of a JPEG 2000 image, as deep as they are, which no format of the lake is made of. The page is compared with
 * one of the smaller resolutions that the file has.
 */
async function keepJp2(
  pdfium: Pdfium,
  page: { handle: number; number: number },
  { image, pauseMs }: { image: PageImage; pauseMs: number },
): Promise<KeptImage | undefined> {
  const jp2 = codedData(pdfium, image.handle, image);
  const header = readJp2Header(jp2);
  if (jp2Problem(header) !== undefined || header?.width !== image.width || header.height !== image.height)
    return undefined;
  const drawn = drawSmall(pdfium, page.handle, image, pauseMs);
  if (drawn === undefined) return undefined;
  const small = await decodeJp2(jp2, { atLeast: drawn.width });
  const { width, height } = small;
  if (small.channels === 2 || small.channels === 4) return undefined;
  const samples = { data: toEightBits(small), width, height, channels: small.channels };
  if (!(await looksLike(drawn, samples, { format: "png", page: page.number }))) return undefined;
  const { quarters, dpi } = image;
  const encode = async () => encodeDeepPng(await decodeJp2(jp2), { quarters, dpi });
  return { format: "png", orientation: 1, encode };
}

/** Its samples, if the page looks like them. A stencil through which black is painted comes as its negative. */
async function shownSamples(
  pdfium: Pdfium,
  image: PageImage,
  drawn: Samples,
  page: number,
): Promise<Samples | undefined> {
  const samples = imageSamples(pdfium, image.handle);
  if (samples?.width !== image.width || samples.height !== image.height) return undefined;
  if (await looksLike(drawn, samples, { format: "png", page })) return samples;
  if (image.bitsPerPixel !== 1 || samples.channels !== 1) return undefined;
  const negative = { ...samples, data: samples.data.map((sample) => 255 - sample) };
  return (await looksLike(drawn, negative, { format: "png", page })) ? negative : undefined;
}

function isJpegOf(jpeg: Uint8Array, { width, height }: PageImage): boolean {
  if (sniffFormat(jpeg) !== "jpeg") return false;
  const { storedWidth, storedHeight } = inspectJpeg(jpeg);
  return storedWidth === width && storedHeight === height;
}

/** A PDF does not show how its CCITT data is coded: the header under which it has just these samples is taken. */
async function findTiff(
  data: Uint8Array,
  samples: Samples,
  { image, orientation }: { image: PageImage; orientation: number },
): Promise<Uint8Array | undefined> {
  if (samples.channels !== 1) return undefined;
  const sharp = await loadSharp();
  const { width, height, dpi } = image;
  for (const compression of [4, 3, 2] as const)
    for (const photometric of [0, 1] as const) {
      const tiff = ccittTiff(data, { width, height, dpi, compression, photometric, orientation });
      const decoded = await sharp(tiff, { limitInputPixels: false, failOn: "error" })
        .toColourspace("b-w")
        .raw()
        .toBuffer()
        .catch(() => undefined);
      if (decoded === undefined) break;
      if (decoded.equals(samples.data)) return tiff;
    }
  return undefined;
}
