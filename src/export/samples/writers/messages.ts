import { Field, List, Schema, Struct, Utf8 } from "apache-arrow";
import { imageType } from "../../../query/arrow/types.ts";
import { categoryText } from "../chat-text.ts";
import { conversationsOf, type Message, thousandths } from "../conversation.ts";
import type { Counter } from "../counts.ts";
import { pageName } from "../pages.ts";
import { openParquetParts } from "../parquet-parts.ts";
import type { Sample } from "../sample.ts";
import { escapeTags } from "../tags.ts";
import { createTokenMeter, type TokenLimit } from "../tokens.ts";
import type { SampleWriter, SampleWriterOptions } from "../writer.ts";
import { PILLOW } from "./ms-swift.ts";

const LIMIT: TokenLimit = {
  trainer: "TRL",
  setting: "max_length",
  tokens: 1024,
  imagePixels: 16384 * 28 * 28,
};

/**
 * `<part>.parquet` with the columns `messages` and `images`, as TRL and other trainers on `datasets` read conversations
 * about images. Boxes in texts are thousandths of the page. A content part has no field `image`: TRL would not count its
 * place holder.
 */
export async function openMessagesWriter(options: SampleWriterOptions): Promise<SampleWriter> {
  const { counter, images } = options;
  const parts = openParquetParts(options, SCHEMA);
  const meter = createTokenMeter(LIMIT, counter);
  return {
    write: async (sample: Sample) => {
      const conversations = conversationsOf(sample, options.prompt, counter);
      if (conversations.length === 0) return;
      const pages: { bytes: Uint8Array | null; path: string }[] = [];
      for (const image of sample.images) {
        // Readers turn what they open by its EXIF.
        const isInLake = images.mode === "reference" && PILLOW.includes(image.format);
        if (isInLake) pages.push({ bytes: null, path: image.path });
        else pages.push({ bytes: await images.read(image, { taken: PILLOW }), path: pageName(image) });
      }
      const pageBytes = pages.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0);
      for (const conversation of conversations) {
        const messages = conversation.map((message) => messageOf(message, counter));
        const texts = messages.flatMap(({ content }) => content.flatMap(({ text }) => text ?? []));
        meter.add(texts, sample.images);
        const textBytes = texts.reduce((sum, text) => sum + text.length * 3, 0);
        await parts.add(sample.split, [messages, pages], pageBytes + textBytes);
      }
    },
    finish: async () => {
      await parts.finish();
      meter.finish();
    },
    abort: () => parts.abort(),
  };
}

interface ContentPart {
  type: "image" | "text";
  text: string | null;
}

/** Text between two images is one part. */
function messageOf({ role, parts }: Message, counter: Counter): { role: string; content: ContentPart[] } {
  const content: ContentPart[] = [];
  const say = (text: string) => {
    const last = content.at(-1);
    if (last?.type === "text") last.text += text;
    else content.push({ type: "text", text });
  };
  for (const part of parts) {
    if (part.kind === "image") content.push({ type: "image", text: null });
    else if (part.kind === "box") say(JSON.stringify(thousandths(part.box)));
    else if (part.kind === "category") say(categoryText(part.name, counter));
    else if (part.kind === "plain") say(part.text);
    else say(escapeTags(part.kind, part.text, counter));
  }
  return { role, content };
}

const TEXT = { dtype: "string", _type: "Value" };
/** In the legacy dialect, where a list of structs is a bare list: every version reads it. */
const FEATURES = {
  messages: [{ role: TEXT, content: [{ type: TEXT, text: TEXT }] }],
  images: { feature: { _type: "Image" }, _type: "Sequence" },
};

function listOf(type: Struct | ReturnType<typeof imageType>): List {
  return new List(new Field("item", type, true));
}

const CONTENT = new Struct([new Field("type", new Utf8(), true), new Field("text", new Utf8(), true)]);
const MESSAGE = new Struct([
  new Field("role", new Utf8(), true),
  new Field("content", listOf(CONTENT), true),
]);
const SCHEMA = new Schema(
  [new Field("messages", listOf(MESSAGE), true), new Field("images", listOf(imageType()), true)],
  new Map([["huggingface", JSON.stringify({ info: { features: FEATURES } })]]),
);
