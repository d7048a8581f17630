import { join } from "node:path";
import { conversationsOf, type Message } from "./conversation.ts";
import { openJsonLines } from "./json-lines.ts";
import type { Sample } from "./sample.ts";
import { escapeTags } from "./tags.ts";
import type { SampleWriter, SampleWriterOptions } from "./writer.ts";

/**
 * `<part>.jsonl`: messages of ms-swift, with boxes in `objects` as parts of each page (norm1), which it scales to what the
 * model sees. Images by absolute paths, which it wants.
 */
export async function openMsSwiftWriter(options: SampleWriterOptions): Promise<SampleWriter> {
  const { counter, images, finalFolder } = options;
  const lines = openJsonLines(options, (split) => `${split}.jsonl`, { isFull: hasBoxes });
  return {
    write: async (sample: Sample) => {
      const paths: string[] = [];
      for (const image of sample.images) {
        const isInLake = images.mode === "reference" && (image.orientation ?? 1) <= 1;
        paths.push(isInLake ? image.path : join(finalFolder, await images.place(image, "images")));
      }
      for (const conversation of conversationsOf(sample, options.prompt)) {
        await lines.add(sample.split, rowOf(conversation, paths, counter));
      }
    },
    finish: () => lines.finish(),
  };
}

interface Row {
  messages: { role: string; content: string }[];
  images: string[];
  objects: { ref: string[]; bbox: number[][]; bbox_type: "norm1"; image_id: number[] };
}

function hasBoxes(row: Row): boolean {
  return row.objects.bbox.length > 0 && row.objects.ref.length > 0 && row.images.length > 0;
}

function rowOf(
  conversation: readonly Message[],
  images: string[],
  counter: SampleWriterOptions["counter"],
): Row {
  const objects: Row["objects"] = { ref: [], bbox: [], bbox_type: "norm1", image_id: [] };
  const messages = conversation.map(({ role, parts }) => ({
    role,
    content: parts
      .map((part) => {
        switch (part.kind) {
          case "image":
            return "<image>";
          case "box":
            objects.bbox.push(part.box);
            objects.image_id.push(part.image);
            return "<bbox>";
          case "category":
            objects.ref.push(part.name);
            return "<ref-object>";
          default:
            return escapeTags(part.kind, part.text, counter);
        }
      })
      .join(""),
  }));
  return { messages, images, objects };
}
