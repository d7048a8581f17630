import { IMAGE_POLICIES, UPLOAD_MODES, VERIFY_LEVELS } from "../../../schema/upload.ts";
import type { FlagValues } from "../../arguments/command.ts";

export const UPLOAD_FLAGS = {
  type: {
    type: "text",
    values: ["raw", "task"],
    placeholder: "raw|task",
    description: "raw: images, files or text; task: labels",
  },
  provider: {
    type: "text",
    placeholder: "P",
    description: "The source of the data: one of the lake's providers",
  },
  dataset: { type: "text", placeholder: "D", description: "The dataset" },
  task: { type: "text", placeholder: "T", description: "With --type task: one of the lake's tasks" },
  variant: {
    type: "text",
    placeholder: "V",
    description: "Variant of the task; for raw data it follows from the columns",
  },
  meta: {
    type: "list",
    placeholder: "K=V",
    description: "A field that the task requires; repeat for each field",
  },
  mode: {
    type: "text",
    values: UPLOAD_MODES,
    placeholder: UPLOAD_MODES.join("|"),
    description: "How to treat an existing partition (create: refuse it)",
  },
  images: {
    type: "text",
    values: IMAGE_POLICIES,
    placeholder: IMAGE_POLICIES.join("|"),
    description: "How images are stored",
  },
  verify: {
    type: "text",
    values: VERIFY_LEVELS,
    placeholder: VERIFY_LEVELS.join("|"),
    description: "Decode every image, or trust the headers",
  },
  maxRejects: {
    type: "text",
    placeholder: "1%",
    description: "Rejected rows allowed before the whole upload fails; 0 = none",
  },
  filesFrom: {
    type: "text",
    placeholder: "FILE",
    description: "A list of files to upload, one a line; - for standard input",
  },
  splitFromFolder: {
    type: "switch",
    description: "A column split from folders named Training, Validation or Test",
  },
  splitPages: { type: "switch", description: "Each page of a TIFF is a row" },
  strict: {
    type: "switch",
    description: "Reject labels that do not fit the view of the task, instead of only reporting them",
  },
  encoding: {
    type: "text",
    placeholder: "NAME",
    description: "Encoding of CSV and JSON, if not UTF-8, UTF-16 or CP949",
  },
  delimiter: { type: "text", placeholder: "C", description: "Delimiter of CSV; tab for a tab" },
  quote: { type: "text", placeholder: "C|none", description: "Quote character of CSV" },
  dpi: { type: "text", placeholder: "200", description: "Dots an inch of PDF pages that are drawn" },
  textLayer: { type: "switch", description: "The words of each PDF page and their boxes, as text_layer" },
  passwordFile: {
    type: "text",
    placeholder: "FILE",
    description: "Passwords of PDFs, one a line",
  },
  font: { type: "text", placeholder: "FILE", description: "Font for Korean that a PDF does not contain" },
  description: { type: "text", placeholder: "TEXT", description: "A description for people" },
  source: { type: "text", placeholder: "URL", description: "Where the data is from" },
  license: { type: "text", placeholder: "NAME", description: "Licence of the data: CC-BY-4.0" },
  process: { type: "switch", description: "Start processing after staging" },
  wait: { type: "switch", description: "Process it and wait until it ends" },
} as const;

export type UploadFlags = FlagValues<typeof UPLOAD_FLAGS>;

/** The input and the required flags, as a person would write them. */
export function missingFlags(paths: readonly string[], flags: UploadFlags): string[] {
  const missing = paths.length === 0 ? ["INPUT"] : [];
  for (const name of ["type", "provider", "dataset"] as const) if (!flags[name]) missing.push(`--${name}`);
  if (flags.type === "task") {
    for (const name of ["task", "variant"] as const) if (!flags[name]) missing.push(`--${name}`);
  }
  return missing;
}

export function parseType(text: string): "raw" | "task" {
  return text === "raw" ? "raw" : "task";
}
