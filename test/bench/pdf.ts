import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { readTable } from "../../src/documents/fonts/sfnt.ts";
import { NOTO_SANS_KR } from "../documents/korean.ts";
import { type PdfObject, type PdfPage, pdfOf } from "../documents/write-pdf.ts";
import { type BenchContext, type Benchmark, type Result, ratioResult } from "./benchmark.ts";
import { createRandom, makePages, once } from "./corpus.ts";
import { compareInTurn, runCommand } from "./measure.ts";

const EXTRACT = new URL("./extract-pages.ts", import.meta.url).pathname;
/** A4 at 200 dpi. */
const SCAN = { width: 1654, height: 2339 };
const BOX = [0, 0, 595.44, 842.04] as const;

/** Scans in colour, about 700 KB a page; no two pages share an object. */
async function scanPdf(context: BenchContext, count: number): Promise<string> {
  const folder = await once(join(context.corpora, `scan-pdf-${count}`), async (temp) => {
    const pages = join(temp, "pages");
    await mkdir(pages);
    await makePages(pages, 25, "png", 7);
    const scans = await Promise.all(
      (await readdir(pages)).map(async (name) =>
        sharp(await readFile(join(pages, name)))
          .resize(SCAN.width, SCAN.height)
          .jpeg({ quality: 85 })
          .toBuffer(),
      ),
    );
    await rm(pages, { recursive: true });
    const size = `/Width ${SCAN.width}/Height ${SCAN.height}/ColorSpace/DeviceRGB/BitsPerComponent 8`;
    const images = Array.from({ length: count }, (_, at): PdfObject => {
      const data = scans[at % scans.length] ?? Buffer.alloc(0);
      return { dictionary: `/Type/XObject/Subtype/Image${size}/Filter/DCTDecode`, data };
    });
    const content = `q ${BOX[2]} 0 0 ${BOX[3]} 0 0 cm /I Do Q`;
    const page = (at: number): PdfPage => ({ content, box: BOX, resources: `/XObject<</I @${at}>>` });
    await writeFile(
      join(temp, "scans.pdf"),
      pdfOf(
        images.map((_, at) => page(at)),
        images,
      ),
    );
  });
  return join(folder, "scans.pdf");
}

/** Pages full of syllables in a font that the file holds. */
async function textPdf(context: BenchContext, count: number): Promise<string> {
  const folder = await once(join(context.corpora, `text-pdf-${count}`), async (temp) => {
    const font = new Uint8Array(await readFile(NOTO_SANS_KR));
    const glyphs = readTable((from, length) => font.subarray(from, from + length), 0, 0x43464620);
    if (glyphs === undefined) throw new Error("the font has no CFF table");
    const descriptor =
      "<</Type/FontDescriptor/FontName/Noto/Flags 4/Ascent 880/Descent -120/CapHeight 730/ItalicAngle 0/StemV 80/FontBBox[0 -120 1000 880]/FontFile3 @0>>";
    const descendant = `<</Type/Font/Subtype/CIDFontType0/BaseFont/Noto/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/DW 920/FontDescriptor ${descriptor}>>`;
    const resources = `/Font<</F<</Type/Font/Subtype/Type0/BaseFont/Noto/Encoding/Identity-H/DescendantFonts[${descendant}]>>>>`;
    const pages = Array.from({ length: count }, (_, at) => ({ content: writing(at), box: BOX, resources }));
    const file = pdfOf(pages, [{ dictionary: "/Subtype/CIDFontType0C", data: glyphs }]);
    await writeFile(join(temp, "text.pdf"), file);
  });
  return join(folder, "text.pdf");
}

function writing(page: number): string {
  const random = createRandom(page + 1);
  const lines = Array.from({ length: 42 }, (_, line) => {
    // 900 syllables from 가 on, by the numbers of the font.
    const codes = Array.from({ length: 44 }, () => 47_566 + Math.floor(random() * 900));
    const hex = codes.map((code) => code.toString(16).padStart(4, "0")).join("");
    return `1 0 0 1 45 ${790 - line * 18} Tm <${hex}> Tj`;
  });
  return `BT /F 11 Tf ${lines.join(" ")} ET`;
}

async function extract(context: BenchContext, path: string, count: number) {
  const folder = join(context.work, "pages");
  await mkdir(folder, { recursive: true });
  const command = [process.execPath, EXTRACT, context.binary, path, String(count), folder];
  const sample = await runCommand(command);
  await rm(folder, { recursive: true });
  return sample;
}

/** poppler: apt-get install poppler-utils. */
async function pdftoppm(context: BenchContext, path: string, options: string[]): Promise<number> {
  const folder = join(context.work, "ppm");
  await mkdir(folder, { recursive: true });
  const { seconds } = await runCommand(["pdftoppm", "-r", "200", ...options, path, join(folder, "page")]);
  await rm(folder, { recursive: true });
  return seconds;
}

function besidePoppler(context: BenchContext, path: string, count: number, options: string[]) {
  return compareInTurn(
    context.runs,
    async () => (await extract(context, path, count)).seconds,
    () => pdftoppm(context, path, options),
  );
}

const pdf: Benchmark = {
  name: "pdf",
  run: async (context) => {
    const count = Math.max(20, Math.round(500 * context.scale));
    const [scans, text] = [await scanPdf(context, count), await textPdf(context, count)];
    const taken = await besidePoppler(context, scans, count, []);
    const drawn = await besidePoppler(context, text, count, ["-jpeg"]);
    return [
      ratioResult(`take ${count} scans out of a PDF, proved`, "pdftoppm -r 200", taken, 1.0),
      ratioResult(`draw ${count} pages of text at 200 dpi`, "pdftoppm -r 200 -jpeg", drawn, 1.5),
    ];
  },
};

const memory: Benchmark = {
  name: "pdf-memory",
  run: async (context) => {
    const count = Math.max(20, Math.round(500 * context.scale));
    const results: Result[] = [];
    for (const [kind, path] of [
      ["scans", await scanPdf(context, count)],
      ["text", await textPdf(context, count)],
    ] as const) {
      const first = await extract(context, path, count);
      const all = await extract(context, path, count * 10);
      const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
      results.push({
        job: `memory over ${count * 10} pages of ${kind}, reader and its caller`,
        floor: `${count} pages`,
        jobFigure: megabytes(all.peakBytes),
        floorFigure: megabytes(first.peakBytes),
        value: all.peakBytes / 1e6,
        limit: 600,
        unit: "MB",
      });
    }
    return results;
  },
};

export const pdfBenchmarks: Benchmark[] = [pdf, memory];
