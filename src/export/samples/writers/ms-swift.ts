import { resolve } from "node:path";
import { categoryText, chatText } from "../chat-text.ts";
import { conversationsOf, type Message } from "../conversation.ts";
import type { Counter } from "../counts.ts";
import { asFloats } from "../float-json.ts";
import { openJsonLines } from "../json-lines.ts";
import type { Sample } from "../sample.ts";
import type { SampleWriter, SampleWriterOptions } from "../writer.ts";

/** What Pillow opens. */
export const PILLOW = ["jpeg", "png", "webp", "tiff", "bmp", "gif"];

/**
 * `<part>.jsonl`: messages of ms-swift, with boxes in `objects` as parts of each page (norm1), which it scales to what the
 * model sees. Images by absolute paths, which it wants.
 */
export async function openMsSwiftWriter(options: SampleWriterOptions): Promise<SampleWriter> {
  const { counter, images, finalFolder } = options;
  const lines = openJsonLines(options, (split) => `${split}.jsonl`, hasBoxes);
  return {
    write: async (sample: Sample) => {
      const conversations = conversationsOf(sample, options.prompt, counter);
      if (conversations.length === 0) return;
      const paths: string[] = [];
      for (const image of sample.images) {
        paths.push(resolve(finalFolder, await images.refer(image, "images", { taken: PILLOW })));
      }
      for (const conversation of conversations) {
        await lines.add(sample.split, rowOf(conversation, paths, counter));
      }
    },
    finish: async () => void (await lines.finish()),
  };
}

interface Row {
  messages: { role: string; content: string }[];
  images: string[];
  objects: { ref: string[]; bbox: number[][]; bbox_type: "norm1"; image_id: number[] };
}

function hasBoxes({ objects }: Row): boolean {
  return objects.bbox.length > 0 && objects.ref.length > 0;
}

function rowOf(conversation: readonly Message[], images: string[], counter: Counter): Row {
  const objects: Row["objects"] = { ref: [], bbox: [], bbox_type: "norm1", image_id: [] };
  const words = {
    image: () => "<image>",
    box: ({ box, image }: { box: number[]; image: number }) => {
      objects.bbox.push(asFloats(box));
      objects.image_id.push(image);
      return "<bbox>";
    },
    category: (name: string) => {
      objects.ref.push(categoryText(name, counter));
      return "<ref-object>";
    },
  };
  const messages = conversation.map((message) => ({
    role: message.role,
    content: chatText(message, words, counter),
  }));
  return { messages, images, objects };
}
