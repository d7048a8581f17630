import { boundsOf, isBox } from "../../../schema/labels/region.ts";
import { createCategories, NO_CATEGORY } from "../categories.ts";
import { signedArea } from "../clockwise.ts";
import { copyScratch, type JsonList, openJsonList } from "../json-list.ts";
import { createMarks, type Marks, markText } from "../marks.ts";
import type { Sample, SampleRegion } from "../sample.ts";
import type { SampleWriter, SampleWriterOptions, TextFile } from "../writer.ts";

/** What OpenCV and Pillow open without plugins. */
const TAKEN = ["jpeg", "png", "webp", "tiff", "bmp"];

interface Part {
  file: TextFile;
  images: JsonList;
  annotations: JsonList;
  /** Images that are there, by their names. */
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
    const [file, images, annotations] = await Promise.all([
      options.createFile(`annotations/${split}.json`),
      openJsonList(options, `${split}-images`),
      openJsonList(options, `${split}-annotations`),
    ]);
    const part = { file, images, annotations, known: createMarks(), regions: 0 };
    parts.set(split, part);
    return part;
  };
  return {
    write: async (sample: Sample) => {
      const part = await partOf(sample.split);
      const ids: number[] = [];
      for (const image of sample.images) {
        const at = await options.images.refer(image, "images", { taken: TAKEN });
        const file_name = at.startsWith("images/") ? at.slice("images/".length) : at;
        const count = part.known.count();
        const id = part.known.idOf(markText(file_name)) + 1;
        ids.push(id);
        if (id <= count) continue;
        const { width, height, sourceName } = image;
        const source = sourceName === null ? {} : { source_name: sourceName };
        await part.images.add({ id, file_name, width, height, ...source });
      }
      for (const [order, region] of sample.regions.entries()) {
        part.regions++;
        const image_id = ids[region.image] ?? 0;
        const category_id = categories.numberOf(region.category ?? NO_CATEGORY) + 1;
        await part.annotations.add({ id: part.regions, image_id, category_id, ...describe(region, order) });
      }
    },
    finish: async () => {
      const list = categories.names().map((name, at) => ({ id: at + 1, name, supercategory: "" }));
      for (const { file, images, annotations } of parts.values()) {
        await file.text('{"info":{"description":"datalake","version":"1.0"},"licenses":[],"images":[');
        await copyScratch(await images.end(), file);
        await file.text('],"annotations":[');
        await copyScratch(await annotations.end(), file);
        await file.text(`],"categories":${JSON.stringify(list)}}\n`);
      }
    },
  };
}

function describe({ polygon, text, order, group }: SampleRegion, at: number) {
  const { x1, y1, x2, y2 } = boundsOf(polygon);
  return {
    bbox: [x1, y1, x2 - x1, y2 - y1].map(round),
    area: round(isBox(polygon) ? (x2 - x1) * (y2 - y1) : Math.abs(signedArea(polygon))),
    segmentation: [polygon.flat().map(round)],
    iscrowd: 0,
    ...(text !== null && { text }),
    reading_order: order ?? at,
    ...(group !== null && { group }),
  };
}

/** To a thousandth of a pixel. */
function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
