import { AppError } from "../errors.ts";
import type { ExportFormat } from "../export/formats.ts";
import type { ImageMode } from "../export/record-batches.ts";
import type { Selection } from "../schema/partition.ts";
import { formatBytes, formatQuantity } from "../util/format.ts";
import { defineCommand, type Effects } from "./command.ts";
import {
  askFormat,
  askImages,
  askOutput,
  askSelection,
  confirmDownload,
  type OutputChoice,
} from "./download-questions.ts";

export const downloadCommand = defineCommand({
  summary: "Take rows out as Parquet, Arrow or a Hugging Face dataset",
  flags: {
    provider: { type: "list", placeholder: "P", description: "Only these providers" },
    dataset: { type: "list", placeholder: "D", description: "Only these datasets" },
    task: { type: "list", placeholder: "T", description: "Only these tasks (raw: the images themselves)" },
    variant: { type: "list", placeholder: "V", description: "Only these variants" },
    limit: { type: "number", placeholder: "N", description: "At most this many rows" },
    output: {
      type: "text",
      placeholder: "PATH",
      description: "New folder, or a file ending in .parquet or .arrow",
    },
    format: {
      type: "text",
      placeholder: "FORMAT",
      values: ["parquet", "arrow", "dataset"],
      description: "Shape of the output (default: by the ending of --output, else dataset)",
    },
    images: {
      type: "text",
      placeholder: "MODE",
      values: ["embed", "reference", "none"],
      description: "Image bytes inside, absolute paths into the lake, or no images (default: embed)",
    },
    skipMissing: { type: "switch", description: "Leave rows out whose image file is missing" },
  },
  examples: [
    "datalake download --dataset coco_2017 --task ocr --output coco-ocr --format dataset",
    "datalake download --provider aihub --output labels.parquet --images reference",
    "datalake download",
  ],
  run: async ({ flags }, effects) => {
    const { terminal, signal } = effects;
    const lake = await effects.openLake();
    const { DuckDBClient } = await import("../query/duckdb/client.ts");
    const { memory, threads } = effects.settings.database;
    const engine = new DuckDBClient({
      path: lake.layout.catalogFile,
      scratch: effects.settings.scratchFolder,
      memory,
      threads,
    });
    try {
      const given = {
        ...(flags.provider && { providers: flags.provider }),
        ...(flags.dataset && { datasets: flags.dataset }),
        ...(flags.task && { tasks: flags.task }),
        ...(flags.variant && { variants: flags.variant }),
      };
      const limit = checkLimit(flags.limit);
      const asked = flags.output === undefined && terminal.interactive;
      const partitions = asked ? await engine.retrievePartitions(given) : [];
      const selection = asked ? await askSelection(terminal, given, partitions) : given;
      const choice = await choose(selection, flags, effects, asked);
      if (asked) await confirmDownload(terminal, partitions, selection, choice, limit);
      const query = { ...selection, ...(limit !== undefined && { limit }) };
      const { exportRows } = await import("../export/export.ts");
      const bar = terminal.progress("download", { unit: "rows" });
      let total = 0;
      const request = { query, ...choice, skipMissing: flags.skipMissing ?? false };
      const result = await exportRows(request, {
        lake,
        engine,
        signal,
        onStart: (rowCount) => {
          total = rowCount;
        },
        onProgress: (done) => bar.update({ done, total }),
      }).finally(() => bar.finish());
      terminal.result(result, () => {
        const left =
          result.missing > 0 ? `, ${formatQuantity(result.missing, "row")} without their image left out` : "";
        return `${formatQuantity(result.rows, "row")} (${formatBytes(result.bytes)}) in ${result.output}${left}`;
      });
      return 0;
    } finally {
      engine.close();
    }
  },
});

function checkLimit(limit: number | undefined): number | undefined {
  if (limit === undefined || (Number.isInteger(limit) && limit >= 0)) return limit;
  throw new AppError("usage", `--limit is a number of rows, not ${limit}`);
}

async function choose(
  selection: Selection,
  flags: { output?: string; format?: string; images?: string },
  { terminal }: Effects,
  asked: boolean,
): Promise<OutputChoice> {
  if (!asked && flags.output === undefined) {
    throw new AppError(
      "usage",
      "--output is missing: name a new folder, or a file ending in .parquet or .arrow",
    );
  }
  const format =
    (flags.format as ExportFormat | undefined) ??
    (asked ? await askFormat(terminal) : byEnding(flags.output));
  const images = (flags.images as ImageMode | undefined) ?? (asked ? await askImages(terminal) : "embed");
  const output = flags.output ?? (await askOutput(terminal, format, selection));
  return { output, format, images };
}

function byEnding(output = ""): ExportFormat {
  if (output.endsWith(".parquet")) return "parquet";
  return output.endsWith(".arrow") ? "arrow" : "dataset";
}
