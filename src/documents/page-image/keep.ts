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
import { drawSmall, hidesAnnotations, looksLike } from "./prove.ts";

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
 * The image of a page as it is in the document: its own bytes, or where these are no file its samples. What must come from
 * the open page is taken now; the function that is given proves that the page looks like it, which the next page need not
 * wait for. Undefined, of either, where that is not what the page shows. The proof throws `PageFault` for an image that is
 * damaged.
 */
export function takePageImage(
  pdfium: Pdfium,
  page: { handle: number; number: number },
  image: PageImage,
  pauseMs: number,
): (() => Promise<KeptImage | undefined>) | undefined {
  const filter = image.filters.at(-1);
  const data = filter === undefined ? undefined : codedData(pdfium, image.handle, image);
  const [jpeg, jp2] = [filter === "DCTDecode" ? data : undefined, filter === "JPXDecode" ? data : undefined];
  if (jpeg && !isJpegOf(jpeg, image)) return undefined;
  if (jp2 && !isJp2Of(jp2, image)) return undefined;
  const samplesWanted = jp2 === undefined && (jpeg === undefined || isInInks(jpeg));
  if (jpeg === undefined && samplesWanted && !PLAIN_BITS.includes(image.bitsPerPixel)) return undefined;
  const drawn = drawSmall(pdfium, page.handle, image, { pauseMs });
  if (drawn === undefined || !hidesAnnotations(pdfium, page.handle, image, { drawn, pauseMs }))
    return undefined;
  const samples = samplesWanted ? imageSamples(pdfium, image.handle) : undefined;
  const fits = samples?.width === image.width && samples.height === image.height;
  if (samplesWanted && !fits) return undefined;
  const at = { image, drawn, page: page.number };
  if (jpeg) return () => proveJpeg(jpeg, samples, at);
  if (jp2) return () => proveJp2(jp2, at);
  return () => proveSamples(samples as Samples, filter === "CCITTFaxDecode" ? data : undefined, at);
}

interface Proof {
  image: PageImage;
  /** The page, drawn small. */
  drawn: Samples;
  page: number;
}

/** What is painted with inks is compared with PDFium's own look at them, too. */
async function proveJpeg(
  jpeg: Uint8Array,
  samples: Samples | undefined,
  { image, drawn, page }: Proof,
): Promise<KeptImage | undefined> {
  if (!(await looksLike(drawn, jpeg, { format: "jpeg", page, inks: samples !== undefined })))
    return undefined;
  if (samples && !(await looksLike(drawn, samples, { format: "jpeg", page }))) return undefined;
  const orientation = turnOf(image);
  return { format: "jpeg", orientation, encode: async () => turnJpeg(jpeg, orientation) };
}

/**
 * The samples of a JPEG 2000 image, as deep as they are: the lake stores no such file. The page is compared with one of the
 * smaller resolutions that the file has.
 */
async function proveJp2(jp2: Uint8Array, { image, drawn, page }: Proof): Promise<KeptImage | undefined> {
  const small = await decodeJp2(jp2, { atLeast: drawn.width });
  const { width, height } = small;
  if (small.channels === 2 || small.channels === 4) return undefined;
  const samples = { data: toEightBits(small), width, height, channels: small.channels };
  if (!(await looksLike(drawn, samples, { format: "png", page }))) return undefined;
  const encode = async () => encodeDeepPng(await decodeJp2(jp2), image);
  return { format: "png", orientation: 1, encode };
}

/** A stencil through which black is painted comes as its negative. `ccitt`: the data from which they were decoded. */
async function proveSamples(
  came: Samples,
  ccitt: Uint8Array | undefined,
  { image, drawn, page }: Proof,
): Promise<KeptImage | undefined> {
  let samples = came;
  if (!(await looksLike(drawn, samples, { format: "png", page }))) {
    if (image.bitsPerPixel !== 1 || samples.channels !== 1) return undefined;
    samples = { ...samples, data: samples.data.map((sample) => 255 - sample) };
    if (!(await looksLike(drawn, samples, { format: "png", page }))) return undefined;
  }
  const orientation = turnOf(image);
  const tiff = ccitt && (await findTiff(ccitt, samples, { image, orientation }));
  if (tiff) return { format: "tiff", orientation, encode: async () => tiff };
  return { format: "png", orientation: 1, encode: () => encodePng(samples, image) };
}

function turnOf({ quarters }: PageImage): number {
  return TURNS[quarters] ?? 1;
}

function isInInks(jpeg: Uint8Array): boolean {
  return inspectJpeg(jpeg).colours === "other";
}

function isJp2Of(jp2: Uint8Array, { width, height }: PageImage): boolean {
  const header = readJp2Header(jp2);
  if (header === undefined || jp2Problem(header) !== undefined) return false;
  const plain = header.colour !== "cmyk" && header.components.length !== 2 && header.components.length !== 4;
  return plain && header.width === width && header.height === height;
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
