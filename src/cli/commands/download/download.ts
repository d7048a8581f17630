import { extname } from "node:path";
import { AppError } from "../../../errors.ts";
import type { ExportFormat } from "../../../export/formats.ts";
import type { ImageMode } from "../../../export/record-batches.ts";
import { defineCommand } from "../../arguments/command.ts";
import { ENGINE_FLAG, QUERY_FLAGS, readEngine, readQuery } from "../../arguments/query-flags.ts";
import { withKnownNames } from "../search/engine.ts";
import { askChoice, confirmDownload, type OutputChoice } from "./questions.ts";
import { downloadRows } from "./rows.ts";

export const downloadCommand = defineCommand({
  summary: "Download rows as Parquet, Arrow or a Hugging Face dataset",
  flags: {
    ...QUERY_FLAGS,
    engine: ENGINE_FLAG,
    output: {
      type: "text",
      placeholder: "PATH",
      description: "A new folder, or a file ending in .parquet or .arrow",
    },
    format: {
      type: "text",
      placeholder: "FORMAT",
      values: ["parquet", "arrow", "dataset"],
      description: "Output format (default: by the extension of --output, else dataset)",
    },
    images: {
      type: "text",
      placeholder: "MODE",
      values: ["embed", "reference", "none"],
      description: "Image bytes, absolute paths into the lake, or no images (default: embed)",
    },
    skipMissing: { type: "switch", description: "Leave out rows whose image file is missing" },
  },
  examples: [
    "datalake download --dataset coco_2017 --task ocr --output coco-ocr --format dataset",
    "datalake download --provider aihub --output labels.parquet --images reference",
    "datalake download --task ocr --text 서울 --column label --json-path '$.words.text' --output 서울.parquet",
    "datalake download",
  ],
  run: async ({ flags }, effects) => {
    const { terminal, signal } = effects;
    const given = readQuery(flags);
    const skipMissing = flags.skipMissing ?? false;
    const fixed = {
      ...(flags.format !== undefined && { format: flags.format as ExportFormat }),
      ...(flags.images !== undefined && { images: flags.images as ImageMode }),
    };
    if (flags.output === undefined && !terminal.interactive) {
      throw new AppError(
        "usage",
        "--output is missing: name a new folder, or a file ending in .parquet or .arrow",
      );
    }
    const engine = await (await effects.openClient()).engine(readEngine(flags.engine));
    try {
      if (flags.output === undefined) {
        const { askRows } = await import("../search/hits.ts");
        const found = await askRows({ engine, terminal, signal }, given);
        const choice = await askChoice(terminal, found.query, fixed);
        await confirmDownload(terminal, found, choice);
        await downloadRows({ query: found.query, ...choice, skipMissing }, engine, effects);
      } else {
        const request = { query: given, ...chooseByFlags(flags.output, fixed), skipMissing };
        await withKnownNames(engine, given, signal, () => downloadRows(request, engine, effects));
      }
      return 0;
    } finally {
      engine.close();
    }
  },
});

function chooseByFlags(output: string, { format, images = "embed" }: Partial<OutputChoice>): OutputChoice {
  return { output, format: checkEnding(output, format), images };
}

const ENDINGS: Readonly<Record<string, ExportFormat>> = { ".parquet": "parquet", ".arrow": "arrow" };
/** Extensions of other file formats; a folder of such a name would surprise. */
const OTHER_ENDINGS = /\.(csv|tsv|jsonl?|ndjson|feather|zip|tar|gz)$/i;

/** The requested format, or the one of the output's extension. Throws `usage` where they disagree. */
function checkEnding(output: string, format: ExportFormat | undefined): ExportFormat {
  const ending = extname(output);
  const told = ENDINGS[ending];
  if (told === undefined && OTHER_ENDINGS.test(output)) {
    throw new AppError(
      "usage",
      `--output ${output}: no format has the ending ${ending}; name a new folder, or a file ending in .parquet or .arrow (rows as CSV or NDJSON come from \`datalake search --format\`)`,
    );
  }
  if (format === undefined || told === undefined || told === format) return format ?? told ?? "dataset";
  throw new AppError(
    "usage",
    `--output ${output} ends in ${ending} but --format is ${format}; give matching ones`,
  );
}
