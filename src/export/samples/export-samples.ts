import { join } from "node:path";
import { AppError, throwIfCancelled } from "../../errors.ts";
import type { Lake } from "../../lake/lake.ts";
import { resolveView } from "../../schema/labels/given-view.ts";
import { adviseView } from "../../schema/labels/task-view.ts";
import type { View } from "../../schema/labels/view.ts";
import { formatPartition, type PartitionKey, RAW_TASK } from "../../schema/partition.ts";
import type { RowResult } from "../../schema/query.ts";
import type { SampleWishes } from "../../schema/samples.ts";
import { formatQuantity } from "../../util/format.ts";
import type { SampleFormat } from "../formats.ts";
import type { ImageMode } from "../image-mode.ts";
import type { ExportedFile } from "../writer.ts";
import { type Counter, createCounter, dropWhole, type SampleCounts } from "./counts.ts";
import { reportLabels } from "./label-outcome.ts";
import { countLosses } from "./losses.ts";
import { createOutputFiles } from "./output-files.ts";
import { createSampleImages, type OnPlaced } from "./place-images.ts";
import { readSamples } from "./read-samples.ts";
import { createSampleSheet } from "./sample-sheet.ts";
import { splitterOf } from "./splitter.ts";
import type { SampleWriter } from "./writer.ts";

export interface SampleExport {
  format: SampleFormat;
  rows: RowResult;
  lake: Lake;
  images: ImageMode;
  skipMissing: boolean;
  wishes: SampleWishes;
  /** Folder in which the output is made, and the path that it gets. */
  folder: string;
  finalFolder: string;
  /** The view of a partition's labels, by its task. */
  viewOf(partition: PartitionKey): View | undefined;
  /** Reads the rows once more, to see which belong together. */
  again(): Promise<RowResult>;
  signal: AbortSignal;
  onRows(done: number): void;
  onMissing(): void;
}

export interface ExportedSamples {
  files: ExportedFile[];
  samples: SampleCounts;
  /** Bytes of the images in the output. */
  imageBytes: number;
}

/** Folder of an output for what no trainer reads. */
export const OWN_FOLDER = ".datalake";
/** Names, sizes and digests of the images of an output and of other small files, a line each. */
export const IMAGE_LIST = `${OWN_FOLDER}/images.jsonl`;

/** Writes rows as samples into a folder. Throws what `readSamples` and the writer do. */
export async function exportSamples(request: SampleExport): Promise<ExportedSamples> {
  const { format, rows, lake, wishes, folder, signal } = request;
  const counter = createCounter();
  const files = createOutputFiles(folder, join(folder, OWN_FOLDER, "work"));
  const views = viewsOf(request);
  const viewOf = (key: PartitionKey) => views.get(formatPartition(key));
  if (wishes.view !== null) requireViews(rows.partitions, views, counter);
  const hasViews = [...views.values()].some((view) => view !== undefined);
  const categories = new Set([...views.values()].flatMap((view) => namesOf(view)));
  let imageBytes = 0;
  let writer: SampleWriter | undefined;
  try {
    const hasSplit = rows.columns.some(({ name }) => name === "split");
    const losses = countLosses(format, { isSplitByColumn: hasSplit && wishes.split === undefined, counter });
    const list = await files.createFile(IMAGE_LIST);
    const listFile: OnPlaced = async (file) => {
      imageBytes += file.bytes;
      await list.text(`${JSON.stringify(file)}\n`);
    };
    const images = createSampleImages(folder, request.images, counter, listFile);
    writer = await format.openSamples({
      folder,
      finalFolder: request.finalFolder,
      images,
      counter,
      categories: [...categories],
      expected: {
        regions: [...views.values()].some((view) => view?.items !== undefined),
        questions: [...views.values()].some((view) => view?.questions !== undefined),
      },
      isDivided: wishes.split !== undefined || hasSplit,
      prompt: wishes.prompt,
      listFile,
      createFile: files.createFile,
      createScratch: files.createScratch,
    });
    const uncounted = createSampleImages(folder, "embed", createCounter(), listFile);
    const sheet = createSampleSheet(wishes.sample_images, {
      images: uncounted,
      createFile: files.createFile,
    });
    const splitOf = await splitterOf(request);
    let missing = 0;
    const onMissing = () => {
      missing++;
      request.onMissing();
    };
    const samples = readSamples({
      rows,
      lake,
      viewOf,
      unread: wishes.view !== undefined ? "ignore" : hasViews ? "count" : "refuse",
      splitOf,
      counter,
      isOpened: request.images !== "reference",
      skipMissing: request.skipMissing,
      onMissing,
    });
    for await (const sample of samples) {
      throwIfCancelled(signal);
      if (sample.images.length === 0) dropWhole(counter, sample, "the row has no page");
      else {
        losses.add(sample);
        sheet.add(sample);
        await writer.write(sample);
      }
      request.onRows(sample.index + 1 + missing);
    }
    reportLabels(counter, isLabelled(request, hasViews));
    await writer.finish();
    losses.finish();
    counter.finish();
    noteEmptyParts(wishes.split, counter);
    await sheet.finish();
    return { files: await files.finish(), samples: counter.counts, imageBytes };
  } catch (error) {
    await writer?.abort?.();
    await files.abort();
    throw error;
  }
}

/** The view of each partition: the given one, else its own. */
function viewsOf({ rows, wishes: { view }, viewOf }: SampleExport): Map<string, View | undefined> {
  const given = view == null ? undefined : resolveView(view, "the view");
  const of = (key: PartitionKey) => (view === null ? undefined : (given ?? viewOf(key)));
  return new Map(rows.partitions.map((key) => [formatPartition(key), of(key)]));
}

/** Whether some rows should have a label: a view is given for them, or they are of a task and have one. Pages may have none. */
function isLabelled({ rows, wishes: { view } }: SampleExport, hasViews: boolean): boolean {
  return hasViews && (view !== undefined || rows.partitions.some(({ task }) => task !== RAW_TASK));
}

/**
 * Partitions of labels have views. Throws `usage` if none has: the output would be pages without labels, which no trainer
 * remarks.
 */
function requireViews(
  partitions: readonly PartitionKey[],
  views: ReadonlyMap<string, View | undefined>,
  counter: Counter,
): void {
  const ofLabels = partitions.filter(({ task }) => task !== RAW_TASK);
  const names = ofLabels.map(formatPartition);
  const lacking = names.filter((name) => views.get(name) === undefined);
  const [first] = lacking;
  if (first === undefined) return;
  if (lacking.length === names.length)
    throw new AppError(
      "usage",
      `no view says what the labels of ${first} mean; ${adviseView(ofLabels[0] as PartitionKey)}; --view none writes the pages without labels`,
    );
  counter.note(
    `${formatQuantity(lacking.length, "partition")} without a view: pages without regions, ${first} first`,
  );
}

/** Shares that no row fell into: of few rows, or of rows that are held together. */
function noteEmptyParts(shares: SampleWishes["split"], { counts, note }: Counter): void {
  if (counts.samples === 0) return;
  for (const [name, share] of Object.entries(shares ?? {})) {
    if ((counts.splits[name] ?? 0) > 0) continue;
    counts.splits[name] = 0;
    note(
      `no row is in ${name}, whose share is ${share}: there are too few, or they belong together by document, page or --group-by`,
    );
  }
}

/** Categories that a view names itself. */
function namesOf(view: View | undefined): string[] {
  if (view?.categories !== undefined) return view.categories;
  return view?.names !== undefined && "table" in view.names ? Object.values(view.names.table) : [];
}
