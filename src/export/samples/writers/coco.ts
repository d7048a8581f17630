import { boundsOf } from "../../../schema/labels/region.ts";
import { createCategories, NO_CATEGORY } from "../categories.ts";
import { signedArea } from "../clockwise.ts";
import { copyScratch, type JsonList, openJsonList } from "../json-list.ts";
import { createMarks, type Marks, markDigest } from "../marks.ts";
import type { Sample, SampleRegion } from "../sample.ts";
import type { SampleWriter, SampleWriterOptions, TextFile } from "../writer.ts";

/** What OpenCV and Pillow open without plugins. */
const TAKEN = ["jpeg", "png", "webp", "tiff", "bmp"];

interface Part {
  file: TextFile;
  images: JsonList;
  /** Images that are there, by their digests. */
  known: Marks;
  regions: number;
}

/**
 * `annotations/<part>.json` and `images/`: COCO object detection, with the text and the reading order of each region as
 * further keys. Ids begin at 1: evaluation takes an annotation 0 for none. A page of several rows is one image. By reference
 * `file_name` is the absolute path in the lake, which readers join to any folder as it is.
 */
export async function openCocoWriter(options: SampleWriterOptions): Promise<SampleWriter> {
  const categories = createCategories(options.categories);
  const parts = new Map<string, Part>();
  const partOf = async (split: string): Promise<Part> => {
    const known = parts.get(split);
    if (known !== undefined) return known;
    const [file, images] = await Promise.all([
      options.createFile(`annotations/${split}.json`),
      openJsonList(options, `${split}-images`),
    ]);
    await file.text('{"info":{"description":"datalake","version":"1.0"},"licenses":[],"annotations":[');
    const part = { file, images, known: createMarks(), regions: 0 };
    parts.set(split, part);
    return part;
  };
  return {
    write: async (sample: Sample) => {
      const part = await partOf(sample.split);
      const ids: number[] = [];
      for (const image of sample.images) {
        const count = part.known.count();
        const id = part.known.idOf(markDigest(image.hash)) + 1;
        ids.push(id);
        if (id <= count) continue;
        const at = await options.images.refer(image, "images", { taken: TAKEN });
        const file_name = at.startsWith("images/") ? at.slice("images/".length) : at;
        const { width, height, sourceName } = image;
        const source = sourceName === null ? {} : { source_name: sourceName };
        await part.images.add(JSON.stringify({ id, file_name, width, height, ...source }));
      }
      let texts = "";
      for (const [order, region] of sample.regions.entries()) {
        if (part.regions++ > 0) texts += ",\n";
        const category = categories.numberOf(region.category ?? NO_CATEGORY) + 1;
        const image = ids[region.image] ?? 0;
        texts += annotationText(region, { id: part.regions, image, category, order });
      }
      const writing = part.file.text(texts);
      if (writing !== undefined) await writing;
    },
    finish: async () => {
      const list = categories.names().map((name, at) => ({ id: at + 1, name, supercategory: "" }));
      for (const { file, images } of parts.values()) {
        await file.text('],"images":[');
        await copyScratch(await images.end(), file);
        await file.text(`],"categories":${JSON.stringify(list)}}\n`);
      }
    },
  };
}

/** JSON of an annotation, put together by hand: there may be hundreds of millions. */
function annotationText(
  { polygon, text, order, group }: SampleRegion,
  of: { id: number; image: number; category: number; order: number },
): string {
  const { x1, y1, x2, y2 } = boundsOf(polygon);
  let points = "";
  for (const [x, y] of polygon) points += `${points === "" ? "" : ","}${round(x)},${round(y)}`;
  const bbox = `${round(x1)},${round(y1)},${round(x2 - x1)},${round(y2 - y1)}`;
  const area = round(Math.abs(signedArea(polygon)));
  const ids = `"id":${of.id},"image_id":${of.image},"category_id":${of.category}`;
  const words = text === null ? "" : `,"text":${JSON.stringify(text)}`;
  const grouped = group === null ? "" : `,"group":${JSON.stringify(group)}`;
  return `{${ids},"bbox":[${bbox}],"area":${area},"segmentation":[[${points}]],"iscrowd":0${words},"reading_order":${order ?? of.order}${grouped}}`;
}

/** To a thousandth of a pixel. */
function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
