import { readFile } from "node:fs/promises";
import { AppError } from "../../../errors.ts";
import type { ExportFormat } from "../../../export/formats.ts";
import { checkValue } from "../../../schema/check.ts";
import { describeIssue } from "../../../schema/describe-issue.ts";
import { PROMPTS, type Prompt, PromptSchema } from "../../../schema/prompts.ts";
import { MAX_SAMPLE_IMAGES, type SampleWishesInput, SplitSharesSchema } from "../../../schema/samples.ts";
import { nearestWord } from "../../../util/nearest.ts";
import type { FlagValues } from "../../arguments/command.ts";
import { readViewFlag, VIEW_FLAG } from "../../arguments/view-flag.ts";

/** In place of a view. */
const NONE = "none";

/** Flags of formats that are made of samples. */
export const SAMPLE_FLAGS = {
  view: {
    ...VIEW_FLAG,
    description: `${VIEW_FLAG.description}, for training formats (default: the view of the task); ${NONE} writes the pages without labels`,
  },
  split: {
    type: "text",
    placeholder: "train=0.9,val=0.1",
    description: "Shares of the parts; pages of one document stay together (default: the column split)",
  },
  groupBy: {
    type: "list",
    placeholder: "COLUMN",
    description: "Keep rows of equal value in one part too; repeat for each column",
  },
  prompt: {
    type: "text",
    placeholder: "NAME|FILE",
    description: `What a chat model is asked: ${Object.keys(PROMPTS).join(", ")}, or a YAML file`,
  },
  sampleImages: {
    type: "number",
    placeholder: "N",
    description: "Draw N pages with their regions on one sheet, .datalake/sample-images.jpg in the output",
  },
} as const;

/** What the flags say; undefined where the format is of rows as they are. Throws `usage`. */
export async function readSampleFlags(
  flags: FlagValues<typeof SAMPLE_FLAGS>,
  format: ExportFormat,
): Promise<SampleWishesInput | undefined> {
  if (!("openSamples" in format)) {
    const names = ["view", "split", "groupBy", "prompt", "sampleImages"] as const;
    const given = names.find((name) => flags[name] !== undefined);
    if (given === undefined) return undefined;
    const flag = given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new AppError(
      "usage",
      `--${flag} is for training formats; --format ${format.name} writes rows as they are`,
    );
  }
  if (flags.groupBy !== undefined && flags.split === undefined)
    throw new AppError("usage", "--group-by says what --split keeps together; give --split too");
  if (flags.prompt !== undefined && !format.hasPrompts)
    throw new AppError("usage", `--prompt is for formats with questions; --format ${format.name} has none`);
  return {
    ...(flags.view !== undefined && { view: flags.view === NONE ? null : await readViewFlag(flags.view) }),
    ...(flags.split !== undefined && { split: parseShares(flags.split) }),
    group_by: flags.groupBy ?? [],
    ...(flags.prompt !== undefined && { prompt: await readPrompt(flags.prompt) }),
    ...(flags.sampleImages !== undefined && { sample_images: checkCount(flags.sampleImages) }),
  };
}

/** `train=0.9,val=0.1`: every part has its share. */
function parseShares(text: string): Record<string, number> {
  const pairs = text.split(",").map((part) => part.split("=").map((side) => side.trim()));
  const shares = pairs.map(
    ([name = "", share]) => [name, share === undefined ? Number.NaN : Number(share)] as const,
  );
  const checked = checkValue(SplitSharesSchema, Object.fromEntries(shares));
  const bare = shares.find(([, share]) => Number.isNaN(share));
  if (bare !== undefined)
    throw new AppError(
      "usage",
      `--split ${text}: ${bare[0]} has no share; write for example train=0.9,val=0.1`,
    );
  const isTwice = new Set(shares.map(([name]) => name)).size < shares.length;
  if (checked.success && !isTwice) return checked.output;
  const why = isTwice ? "names a part twice" : describeIssue(checked.issues?.[0] as never);
  throw new AppError("usage", `--split ${text} ${why}; write for example train=0.9,val=0.05,test=0.05`);
}

function checkCount(count: number): number {
  if (Number.isInteger(count) && count >= 0 && count <= MAX_SAMPLE_IMAGES) return count;
  throw new AppError("usage", `--sample-images ${count} is no whole number up to ${MAX_SAMPLE_IMAGES}`);
}

/** A built-in prompt, or that of a file. */
async function readPrompt(given: string): Promise<Prompt> {
  const known = PROMPTS[given];
  if (known !== undefined) return known;
  const text = await readFile(given, "utf8").catch(() => undefined);
  if (text === undefined) {
    const near = nearestWord(given, Object.keys(PROMPTS));
    const hint = near === undefined ? `they are ${Object.keys(PROMPTS).join(", ")}` : `did you mean ${near}?`;
    throw new AppError("usage", `--prompt ${given} is neither a file nor a built-in prompt; ${hint}`);
  }
  let content: unknown;
  try {
    content = Bun.YAML.parse(text);
  } catch (cause) {
    throw new AppError("usage", `--prompt ${given} is not YAML`, { cause });
  }
  const checked = checkValue(PromptSchema, content);
  if (checked.success) return checked.output;
  throw new AppError(
    "usage",
    `--prompt ${given}: ${describeIssue(checked.issues[0])}; it has user, answer and perhaps system`,
  );
}
