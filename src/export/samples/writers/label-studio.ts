import { boundsOf } from "../../../schema/labels/region.ts";
import { createCategories, NO_CATEGORY } from "../categories.ts";
import { copyScratch, openJsonList } from "../json-list.ts";
import { pagesOf, type SamplePage } from "../pages.ts";
import type { Sample, SampleRegion } from "../sample.ts";
import type { SampleWriter, SampleWriterOptions } from "../writer.ts";

/** What browsers show. */
const TAKEN = ["jpeg", "png", "webp", "gif", "bmp", "avif"];

/**
 * `tasks.json` with a prediction for each page, `label_config.xml` and `images/`. Label Studio serves the images as local
 * files, with the output as its document root. A region is a rectangle and, with the same id, its text. `data` says where a
 * task is from, so that `upload` of what Label Studio exports finds the page again.
 */
export async function openLabelStudioWriter(options: SampleWriterOptions): Promise<SampleWriter> {
  const { images } = options;
  const categories = createCategories(options.categories);
  const tasks = await openJsonList(options, "tasks");
  return {
    write: async (sample: Sample) => {
      for (const page of pagesOf(sample)) {
        const name = await images.place(page.image, "images", { taken: TAKEN });
        for (const { category } of page.regions) categories.numberOf(category ?? NO_CATEGORY);
        await tasks.add(JSON.stringify(taskOf(page, name)));
      }
    },
    finish: async () => {
      const file = await options.createFile("tasks.json");
      await file.text("[");
      await copyScratch(await tasks.end(), file);
      await file.text("]\n");
      const config = await options.createFile("label_config.xml");
      await config.text(configXml(categories.names()));
    },
  };
}

function taskOf({ sample, page, image, regions }: SamplePage, name: string) {
  return {
    data: {
      image: `/data/local-files/?d=${name.split("/").map(encodeURIComponent).join("/")}`,
      image_hash: image.hash,
      ...(image.sourceName !== null && { source_name: image.sourceName }),
      sample: sample.index,
      page,
      split: sample.split,
    },
    predictions: [
      {
        model_version: "datalake",
        score: 1,
        result: regions.flatMap((region, at) => resultsOf(region, image, `r${at + 1}`)),
      },
    ],
  };
}

function resultsOf(region: SampleRegion, page: { width: number; height: number }, id: string) {
  const { x1, y1, x2, y2 } = boundsOf(region.polygon);
  const value = {
    x: (x1 / page.width) * 100,
    y: (y1 / page.height) * 100,
    width: ((x2 - x1) / page.width) * 100,
    height: ((y2 - y1) / page.height) * 100,
    rotation: 0,
  };
  const common = {
    id,
    to_name: "image",
    original_width: page.width,
    original_height: page.height,
    image_rotation: 0,
  };
  const label = {
    ...common,
    from_name: "label",
    type: "rectanglelabels",
    value: { ...value, rectanglelabels: [region.category ?? NO_CATEGORY] },
  };
  if (region.text === null || region.text === "") return [label];
  const text = {
    ...common,
    from_name: "transcription",
    type: "textarea",
    value: { ...value, text: [region.text] },
  };
  return [label, text];
}

function configXml(categories: readonly string[]): string {
  const names = categories.length === 0 ? [NO_CATEGORY] : categories;
  const labels = names.map((name) => `    <Label value="${escapeXml(name)}"/>`);
  return [
    "<View>",
    '  <Image name="image" value="$image"/>',
    '  <RectangleLabels name="label" toName="image">',
    ...labels,
    "  </RectangleLabels>",
    '  <TextArea name="transcription" toName="image" editable="true" perRegion="true" required="false" maxSubmissions="1"/>',
    "</View>",
    "",
  ].join("\n");
}

function escapeXml(text: string): string {
  const codes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (sign) => codes[sign] ?? sign);
}
