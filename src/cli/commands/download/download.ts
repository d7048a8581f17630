import { extname } from "node:path";
import { AppError } from "../../../errors.ts";
import { EXPORT_FORMATS, type ExportFormat, findFormat } from "../../../export/formats.ts";
import { IMAGE_MODES, type ImageMode } from "../../../export/image-mode.ts";
import { defineCommand } from "../../arguments/command.ts";
import { ENGINE_FLAG, QUERY_FLAGS, readEngine, readQuery } from "../../arguments/query-flags.ts";
import { askInTurn, type Step } from "../../terminal/steps.ts";
import { withKnownNames } from "../search/engine.ts";
import { type DownloadAnswers, downloadSteps, type OutputChoice } from "./questions.ts";
import { downloadRows } from "./rows.ts";
import { readSampleFlags, SAMPLE_FLAGS } from "./sample-flags.ts";

const FORMATS: readonly ExportFormat[] = EXPORT_FORMATS;
const [DEFAULT_FORMAT] = EXPORT_FORMATS;
const NAMES = FORMATS.map(({ name }) => name);
const SHOWN = FORMATS.map(({ name, lacking }) =>
  lacking === undefined ? name : `${name} (not in this build)`,
);
const ENDINGS = FORMATS.flatMap(({ ending }) => ending ?? []);
const PLACES = `a new folder, or a file ending in ${ENDINGS.join(" or ")}`;

export const downloadCommand = defineCommand({
  summary: "Download rows, with their images, in a format for training",
  flags: {
    ...QUERY_FLAGS,
    engine: ENGINE_FLAG,
    output: {
      type: "text",
      placeholder: "PATH",
      description: `The output: ${PLACES}`,
    },
    format: {
      type: "text",
      placeholder: "FORMAT",
      values: NAMES,
      description: `Output format: ${SHOWN.join(", ")} (default: by the extension of --output, else ${DEFAULT_FORMAT.name})`,
    },
    images: {
      type: "text",
      placeholder: "MODE",
      values: [...IMAGE_MODES],
      description: "Image bytes, paths into the lake, hard links to its files, or no images (default: embed)",
    },
    ...SAMPLE_FLAGS,
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
    const given = await readQuery(flags);
    const skipMissing = flags.skipMissing ?? false;
    const fixed = {
      ...(flags.format !== undefined && { format: findFormat(flags.format) }),
      ...(flags.images !== undefined && { images: flags.images as ImageMode }),
    };
    if (flags.output === undefined && !terminal.interactive) {
      throw new AppError("usage", `--output is missing: name ${PLACES}`);
    }
    const engineName = readEngine(flags.engine);
    const engine = await (await effects.openClient({ engine: engineName })).engine(engineName);
    try {
      if (flags.output === undefined) {
        const { askRows } = await import("../search/hits.ts");
        const answers = {} as DownloadAnswers;
        const askHits: Step = async (ask) => {
          answers.found = await askRows({ engine, terminal: ask, signal }, given);
        };
        await askInTurn(terminal, [askHits, ...downloadSteps(answers, fixed)]);
        const { found, ...choice } = answers;
        const samples = await readSampleFlags(flags, choice.format);
        return await downloadRows(
          { query: found.query, ...choice, skipMissing, ...(samples && { samples }) },
          engine,
          effects,
        );
      } else {
        const choice = chooseByFlags(flags.output, fixed);
        const samples = await readSampleFlags(flags, choice.format);
        const request = { query: given, ...choice, skipMissing, ...(samples && { samples }) };
        return await withKnownNames(engine, given, signal, () => downloadRows(request, engine, effects));
      }
    } finally {
      engine.close();
    }
  },
});

function chooseByFlags(output: string, given: Partial<OutputChoice>): OutputChoice {
  const format = checkEnding(output, given.format);
  return { output, format, images: given.images ?? format.images[0] ?? "none" };
}

/** Extensions of other file formats; a folder of such a name would surprise. */
const OTHER_ENDINGS = /\.(csv|tsv|jsonl?|ndjson|feather|zip|tar|gz)$/i;

/** The requested format, or the one of the output's extension. Throws `usage` where they disagree. */
function checkEnding(output: string, format: ExportFormat | undefined): ExportFormat {
  const told = FORMATS.find(({ ending }) => ending !== undefined && output.endsWith(ending));
  if (told === undefined && OTHER_ENDINGS.test(output)) {
    throw new AppError(
      "usage",
      `--output ${output}: no format has the ending ${extname(output)}; name ${PLACES} (rows as CSV or NDJSON come from \`datalake search --format\`)`,
    );
  }
  if (format === undefined || told === undefined || told === format) return format ?? told ?? DEFAULT_FORMAT;
  throw new AppError(
    "usage",
    `--output ${output} ends in ${told.ending} but --format is ${format.name}; give matching ones`,
  );
}
