import type { Task } from "./taxonomy.ts";

const FIELDS = {
  required: ["lang", "src"],
  allow: { lang: ["ko", "en", "ja", "multi"], src: ["real", "synthetic"] },
};

/** Templates for common tasks, by name. */
export const TASK_SHAPES: ReadonlyMap<string, Task> = new Map([
  ["ocr", { description: "Words and their places on a page", ...FIELDS }],
  ["vqa", { description: "Questions about a page and their answers", ...FIELDS }],
  ["kie", { description: "Keys and values of a document", ...FIELDS }],
  ["layout", { description: "Regions of a page: titles, tables, figures", ...FIELDS }],
]);
