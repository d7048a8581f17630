import type { Message, PlacedBox } from "./conversation.ts";
import type { Counter } from "./counts.ts";
import { escapeTags } from "./tags.ts";

/** How a format writes what is not text. */
export interface ChatWords {
  image(index: number): string;
  box(box: PlacedBox): string;
  /** The name of a category, within a JSON string. */
  category(name: string): string;
}

/** A message as one text. */
export function chatText({ parts }: Message, words: ChatWords, counter: Counter): string {
  let text = "";
  for (const part of parts) {
    if (part.kind === "plain") text += part.text;
    else if (part.kind === "image") text += words.image(part.image);
    else if (part.kind === "box") text += words.box(part);
    else if (part.kind === "category") text += words.category(part.name);
    else text += escapeTags(part.kind, part.text, counter);
  }
  return text;
}

/** A name as it stands between the quotes of a JSON string, and is no place holder. */
export function categoryText(name: string, counter: Counter): string {
  return escapeTags("json", JSON.stringify(name).slice(1, -1), counter);
}
