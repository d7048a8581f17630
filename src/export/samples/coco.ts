import { boundsOf, isBox, type Point } from "../../schema/labels/region.ts";
import { createCategories, NO_CATEGORY } from "./categories.ts";
import { copyScratch, type JsonList, openJsonList } from "./json-list.ts";
import type { Sample, SampleRegion } from "./sample.ts";
import type { SampleWriter, SampleWriterOptions, TextFile } from "./writer.ts";

interface Part {
  file: TextFile;
  images: JsonList;
  annotations: JsonList;
  /** Ids of images by their names. */
  ids: Map<string, number>;
  regions: number;
}

/**
 * `annotations/<part>.json` and `images/`: COCO object detection, with the text and the reading order of each region as
 * further keys. Ids begin at 1: evaluation takes an annotation 0 for none. A page of several rows is one image.
 */
export async function openCocoWriter(options: SampleWriterOptions): Promise<SampleWriter> {
  const { counter } = options;
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
    const part = { file, images, annotations, ids: new Map<string, number>(), regions: 0 };
    parts.set(split, part);
    return part;
  };
  return {
    write: async (sample: Sample) => {
      if (sample.images.length === 0) {
        counter.drop("the row has no page", sample.where, { samples: 1, regions: sample.regions.length });
        return;
      }
      const part = await partOf(sample.split);
      const ids: number[] = [];
      for (const image of sample.images) {
        const name = (await options.images.place(image, "images")).slice("images/".length);
        const known = part.ids.get(name);
        ids.push(known ?? part.ids.size + 1);
        if (known !== undefined) continue;
        part.ids.set(name, part.ids.size + 1);
        const { width, height, sourceName } = image;
        const source = sourceName === null ? {} : { source_name: sourceName };
        await part.images.add({ id: part.ids.size, file_name: name, width, height, ...source });
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
    area: round(isBox(polygon) ? (x2 - x1) * (y2 - y1) : areaOf(polygon)),
    segmentation: [polygon.flat().map(round)],
    iscrowd: 0,
    ...(text !== null && { text }),
    reading_order: order ?? at,
    ...(group !== null && { group }),
  };
}

export function areaOf(polygon: readonly Point[]): number {
  const doubled = polygon.reduce((sum, [x, y], at) => {
    const [nextX, nextY] = polygon[(at + 1) % polygon.length] ?? [0, 0];
    return sum + x * nextY - nextX * y;
  }, 0);
  return Math.abs(doubled) / 2;
}

/** To a thousandth of a pixel. */
export function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
