import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Cutting, cutImage } from "../../../images/crop.ts";
import { hashBytes } from "../../../lake/digest.ts";
import { boundsOf } from "../../../schema/labels/region.ts";
import { formatQuantity } from "../../../util/format.ts";
import type { SamplePage } from "../pages.ts";
import { imageName } from "../place-images.ts";
import type { SampleRegion } from "../sample.ts";
import type { SampleWriterOptions } from "../writer.ts";

/** `max_text_length` of all recognition configurations; longer lines are replaced by others. */
const MAX_TEXT_LENGTH = 25;

/** The lines of `rec_<part>.txt` with their crops, and `dict.txt`. */
export function createRecognition({ counter, folder, images, createFile, listFile }: SampleWriterOptions) {
  const letters = new Set<string>();
  let [long, longest] = [0, 0];
  let made = false;
  const isUsable = ({ text }: SampleRegion) => {
    if (/[\t\r\n]/.test(text ?? "")) counter.change("texts with a tab or line break, left out of rec");
    else if (text?.trim() === "") counter.change("texts of white space, left out of rec");
    else return true;
    return false;
  };
  return {
    add: async (
      { image, sample, page }: SamplePage,
      regions: readonly SampleRegion[],
      write: (line: string) => Promise<void>,
    ) => {
      const usable = regions.filter(isUsable);
      if (usable.length === 0) return;
      if (!made) await mkdir(join(folder, "rec"), { recursive: true });
      made = true;
      const bytes = await images.read(image);
      const cut = await cutImage(
        bytes,
        usable.map((region) => cuttingOf(region, image)),
      );
      for (const [at, { text }] of usable.entries()) {
        const crop = cut[at] as Uint8Array;
        const name = `rec/${imageName(image)}-${sample.index}-${page}-${at}.jpg`;
        await writeFile(join(folder, name), crop, { flag: "wx" });
        await listFile({ name, bytes: crop.length, sha256: hashBytes(crop) });
        const characters = Array.from(text ?? "");
        for (const character of characters) letters.add(character);
        if (characters.length > MAX_TEXT_LENGTH) long++;
        longest = Math.max(longest, characters.length);
        await write(`${name}\t${text}`);
      }
    },
    finish: async () => {
      const dict = await createFile("dict.txt");
      letters.delete(" "); // use_space_char adds it
      await dict.text(
        [...letters]
          .sort()
          .map((letter) => `${letter}\n`)
          .join(""),
      );
      if (long > 0)
        counter.note(
          `${formatQuantity(long, "text")} with more than ${MAX_TEXT_LENGTH} characters, which PaddleOCR replaces by other lines by default: set Global.max_text_length to ${longest}`,
        );
    },
  };
}

/** Whole pixels that hold the region, within the page. */
function cuttingOf({ polygon }: SampleRegion, page: { width: number; height: number }): Cutting {
  const { x1, y1, x2, y2 } = boundsOf(polygon);
  const left = Math.min(Math.floor(x1), page.width - 1);
  const top = Math.min(Math.floor(y1), page.height - 1);
  const right = Math.max(left + 1, Math.min(Math.ceil(x2), page.width));
  const bottom = Math.max(top + 1, Math.min(Math.ceil(y2), page.height));
  return { left, top, width: right - left, height: bottom - top };
}
