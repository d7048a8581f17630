import { categoryText, chatText } from "../chat-text.ts";
import { conversationsOf, thousandths } from "../conversation.ts";
import { openJsonLines } from "../json-lines.ts";
import type { Sample } from "../sample.ts";
import { createTokenMeter, type TokenLimit } from "../tokens.ts";
import type { SampleWriter, SampleWriterOptions } from "../writer.ts";
import { PILLOW } from "./ms-swift.ts";

const LIMIT: TokenLimit = {
  trainer: "LLaMA-Factory",
  setting: "cutoff_len",
  tokens: 2048,
  imagePixels: 768 * 768,
};

/**
 * `<part>.jsonl` in sharegpt's shape and `dataset_info.json`, which names each part `lake_<part>`. Boxes in texts are
 * thousandths of the page: LLaMA-Factory shrinks images, and knows no boxes. Images by paths from the output's folder.
 */
export async function openLlamaFactoryWriter(options: SampleWriterOptions): Promise<SampleWriter> {
  const { counter, images } = options;
  const lines = openJsonLines<Row>(
    options,
    (split) => `${split}.jsonl`,
    (row) => row.images.length > 0,
  );
  const meter = createTokenMeter(LIMIT, counter);
  const words = {
    image: () => "<image>",
    box: ({ box }: { box: [number, number, number, number] }) => JSON.stringify(thousandths(box)),
    category: (name: string) => categoryText(name, counter),
  };
  return {
    write: async (sample: Sample) => {
      const conversations = conversationsOf(sample, options.prompt, counter);
      if (conversations.length === 0) return;
      const paths: string[] = [];
      for (const image of sample.images) paths.push(await images.refer(image, "images", { taken: PILLOW }));
      for (const conversation of conversations) {
        const messages = conversation.map((message) => ({
          role: message.role,
          content: chatText(message, words, counter),
        }));
        const texts = messages.map(({ content }) => content);
        meter.add(texts, sample.images);
        await lines.add(sample.split, { messages, images: paths });
      }
    },
    finish: async () => {
      const parts = await lines.finish();
      const file = await options.createFile("dataset_info.json");
      const entries = [...parts].map(([split, file_name]) => [`lake_${split}`, { file_name, ...TERMS }]);
      await file.text(`${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`);
      meter.finish();
    },
  };
}

interface Row {
  messages: { role: string; content: string }[];
  images: string[];
}

const TERMS = {
  formatting: "sharegpt",
  columns: { messages: "messages", images: "images" },
  tags: {
    role_tag: "role",
    content_tag: "content",
    user_tag: "user",
    assistant_tag: "assistant",
    system_tag: "system",
  },
};
