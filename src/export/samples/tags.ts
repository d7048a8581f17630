import type { Counter } from "./counts.ts";

/** Words that trainers replace wherever they stand in a message, and special tokens such as `<|im_end|>`. */
const TAGS = /<(?=(?:image|video|audio|bbox|ref-object|ref|box)>|\|[\w-]+\|>)/g;

/**
 * Keeps a label's own text from being taken for a place holder. In JSON the bracket is written as its code, which a reader of
 * the JSON gives back; in plain text as `&lt;`, which is counted.
 */
export function escapeTags(kind: "text" | "json", text: string, counter: Counter): string {
  if (text.search(TAGS) < 0) return text;
  counter.change(
    kind === "json"
      ? "texts with the name of a place holder, as codes in JSON"
      : "texts with the name of a place holder, as &lt;",
  );
  return text.replace(TAGS, kind === "json" ? "\\u003c" : "&lt;");
}
