import { existsSync } from "node:fs";
import { basename } from "node:path";
import { AppError } from "../../../errors.ts";
import { EXPORT_FORMATS, type ExportFormat } from "../../../export/formats.ts";
import type { ImageMode } from "../../../export/image-mode.ts";
import { formatPartition, type Selection } from "../../../schema/partition.ts";
import { formatQuantity } from "../../../util/format.ts";
import type { Step } from "../../terminal/steps.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import type { SearchHits } from "../search/hits.ts";

export interface OutputChoice {
  output: string;
  format: ExportFormat;
  images: ImageMode;
}

/** What a person answered: which rows, and where they go. */
export interface DownloadAnswers extends OutputChoice {
  found: SearchHits;
}

/** Questions for format, images and place of the output, if not given, and for a confirmation of the rows that were found. */
export function downloadSteps(answers: DownloadAnswers, given: Partial<OutputChoice>): Step[] {
  return [
    async (terminal) => {
      answers.format = given.format ?? (await askFormat(terminal));
    },
    async (terminal) => {
      answers.images = given.images ?? (await askImages(terminal, answers.format));
    },
    async (terminal) => {
      const { format, found } = answers;
      answers.output = given.output ?? (await askOutput(terminal, format, found.query));
    },
    (terminal) => confirmDownload(terminal, answers),
  ];
}

function askFormat(terminal: Terminal): Promise<ExportFormat> {
  const built = (EXPORT_FORMATS as readonly ExportFormat[]).filter(({ lacking }) => lacking === undefined);
  const choices = built.map((value) => ({
    value,
    label: value.name,
    hint: value.hint,
  }));
  return terminal.select("Which format?", choices);
}

const IMAGE_HINTS: Record<ImageMode, string> = {
  embed: "image bytes inside: the output is self-contained",
  reference: "paths into the lake: fast, needs the lake mounted",
  link: "hard links: fast, on the file system of the lake",
  none: "no image column",
};

async function askImages(terminal: Terminal, { images }: ExportFormat): Promise<ImageMode> {
  const choices = images.map((value) => ({ value, label: value, hint: IMAGE_HINTS[value] }));
  const [only] = images;
  if (only !== undefined && images.length === 1) return only;
  return terminal.select<ImageMode>("How to include images?", choices);
}

function askOutput(terminal: Terminal, format: ExportFormat, selection: Selection): Promise<string> {
  const [name = "lake"] = selection.datasets ?? selection.providers ?? [];
  const initial = `./${basename(name)}-${format.name}${format.ending ?? ""}`;
  const check = (path: string) => (existsSync(path) ? "Something already exists there" : undefined);
  return terminal.path("Where to?", { initial, check });
}

/** Shows what will be downloaded and asks for confirmation; throws `cancelled` if it is denied. */
async function confirmDownload(
  terminal: Terminal,
  { found: { query, matchCount, partitions }, output, format, images }: DownloadAnswers,
): Promise<void> {
  terminal.note(`${formatQuantity(Math.min(matchCount, query.limit ?? matchCount), "row")} of`);
  for (const partition of partitions.slice(0, SHOWN)) {
    terminal.note(`  ${formatPartition(partition)} (${formatQuantity(partition.rows, "row")})`);
  }
  if (partitions.length > SHOWN) {
    terminal.note(`  and ${formatQuantity(partitions.length - SHOWN, "partition")} more`);
  }
  terminal.note(`as ${format.name}, ${IMAGE_WORDS[images]}, into ${output}`);
  if (await terminal.confirm("Download it?")) return;
  throw new AppError("cancelled", "nothing was downloaded");
}

/** Number of partitions named in the summary. */
const SHOWN = 8;

const IMAGE_WORDS: Record<ImageMode, string> = {
  embed: "images inside",
  reference: "images as paths into the lake",
  link: "images as hard links",
  none: "without images",
};
