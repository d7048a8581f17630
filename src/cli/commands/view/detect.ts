import { resolve } from "node:path";
import { AppError } from "../../../errors.ts";
import type { Reading } from "../../../schema/labels/detect/sample.ts";
import { BOX_UNITS } from "../../../schema/labels/view.ts";
import { BOX_FORMS, type BoxForm } from "../../../schema/labels/view-box.ts";
import { MAX_SAMPLE_IMAGES } from "../../../schema/samples.ts";
import { defineCommand } from "../../arguments/command.ts";
import { QUERY_FLAGS, readQuery } from "../../arguments/query-flags.ts";
import { askReading, offerToKeep } from "./questions.ts";
import { describeFound, describeOpen } from "./text.ts";

const { provider, dataset, task, variant } = QUERY_FLAGS;
const SHEETS = "view-readings";
const UNITS = BOX_UNITS.map(String);

export const detectCommand = defineCommand({
  summary: "Find the view of labels from a sample of them",
  flags: {
    provider,
    dataset,
    task,
    variant,
    form: {
      type: "text",
      placeholder: "FORM",
      values: BOX_FORMS,
      description: `The form of the boxes, if you know it: ${BOX_FORMS.join(", ")}`,
    },
    unit: {
      type: "text",
      placeholder: "UNIT",
      values: UNITS,
      description: `The unit of the boxes, if you know it: ${UNITS.join(", ")}`,
    },
    reading: {
      type: "number",
      placeholder: "N",
      description: "Where labels can be read in several ways: take this one, counted from 1",
    },
    sampleImages: {
      type: "number",
      placeholder: "N",
      description: "Draw N pages as each way to read them has their regions, on a sheet for each",
    },
    output: {
      type: "text",
      placeholder: "FOLDER",
      description: `The new folder for these sheets (default: ${SHEETS})`,
    },
  },
  examples: [
    "datalake view detect --dataset receipts --task ocr > view.yaml",
    "datalake view detect --task layout --form xywh",
    "datalake view detect --task layout --sample-images 6",
  ],
  run: async ({ flags }, effects) => {
    const { terminal, signal } = effects;
    const selection = await readQuery(flags);
    const known = {
      form: flags.form as BoxForm | undefined,
      unit: BOX_UNITS.find((unit) => String(unit) === flags.unit),
    };
    const { views, taxonomy } = await effects.openClient();
    const sheets = sheetsOf(flags);
    const found = await views.detect(selection, { signal, sheets, ...known });
    const { readings, problem, example, ...counts } = found;
    if (problem !== null) throw new AppError("invalid_input", problem, { details: { ...counts } });
    const [first, ...others] = readings;
    let reading: Reading | undefined = first;
    if (flags.reading !== undefined) {
      reading = readings[flags.reading - 1];
      if (reading === undefined)
        throw new AppError(
          "usage",
          `--reading ${flags.reading}: there are ${readings.length}, counted from 1`,
        );
    } else if (others.length > 0) {
      if (!terminal.interactive)
        throw new AppError("usage", describeOpen(found), {
          details: { readings: readings.map(shown), example, sheets: found.sheets },
        });
      reading = await askReading(found, terminal);
    }
    if (reading === undefined) throw new AppError("internal", "detection gave no reading");
    const chosen = reading;
    terminal.result({ ...shown(chosen), ...counts }, () => describeFound(found, chosen));
    if (terminal.interactive) await offerToKeep(chosen, found.partitions, taxonomy, terminal);
    return 0;
  },
});

function sheetsOf({ sampleImages: count, output }: { sampleImages?: number; output?: string }) {
  if (count === undefined) {
    if (output !== undefined) throw new AppError("usage", "--output is for the sheets of --sample-images N");
    return undefined;
  }
  if (!Number.isInteger(count) || count < 1 || count > MAX_SAMPLE_IMAGES)
    throw new AppError("usage", `--sample-images ${count} is no whole number from 1 to ${MAX_SAMPLE_IMAGES}`);
  return { count, folder: resolve(output ?? SHEETS) };
}

/** A reading for scripts: `view` is what `--view` takes. */
function shown({ full: _, ...reading }: Reading) {
  return reading;
}
