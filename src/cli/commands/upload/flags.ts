import { IMAGE_POLICIES, UPLOAD_MODES, VERIFY_LEVELS } from "../../../schema/upload.ts";
import type { FlagValues } from "../../arguments/command.ts";

export const UPLOAD_FLAGS = {
  type: {
    type: "text",
    values: ["raw", "task"],
    placeholder: "raw|task",
    description: "Images, files and text, or labels",
  },
  provider: {
    type: "text",
    placeholder: "P",
    description: "Who the data comes from; one of the lake's providers",
  },
  dataset: { type: "text", placeholder: "D", description: "The dataset" },
  task: { type: "text", placeholder: "T", description: "With --type task: one of the lake's tasks" },
  variant: {
    type: "text",
    placeholder: "V",
    description: "Which labels of the task; of raw data it follows from the columns",
  },
  meta: { type: "list", placeholder: "K=V", description: "A field that the task asks for; once for each" },
  mode: {
    type: "text",
    values: UPLOAD_MODES,
    placeholder: UPLOAD_MODES.join("|"),
    description: "What to do with an existing partition (create: refuse)",
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
    description: "Decode every image, or trust its header",
  },
  maxRejects: {
    type: "text",
    placeholder: "1%",
    description: "Rows that may be bad before the whole upload fails; 0 = none",
  },
  encoding: {
    type: "text",
    placeholder: "NAME",
    description: "Of CSV and JSON, where it is not UTF-8, UTF-16 or CP949",
  },
  delimiter: { type: "text", placeholder: "C", description: "Between the cells of CSV; tab for a tab" },
  quote: { type: "text", placeholder: "C|none", description: "Around the cells of CSV" },
  description: { type: "text", placeholder: "TEXT", description: "What it is, for people" },
  source: { type: "text", placeholder: "URL", description: "Where it is from" },
  process: { type: "switch", description: "Start processing when it is staged" },
  wait: { type: "switch", description: "Process it and wait for the end" },
} as const;

export type UploadFlags = FlagValues<typeof UPLOAD_FLAGS>;

/** The input and the flags without which nothing can be uploaded, as a person would write them. */
export function missingFlags(path: string | undefined, flags: UploadFlags): string[] {
  const missing = path === undefined ? ["INPUT"] : [];
  for (const name of ["type", "provider", "dataset"] as const) if (!flags[name]) missing.push(`--${name}`);
  if (flags.type === "task") {
    for (const name of ["task", "variant"] as const) if (!flags[name]) missing.push(`--${name}`);
  }
  return missing;
}

export function parseType(text: string): "raw" | "task" {
  return text === "raw" ? "raw" : "task";
}
