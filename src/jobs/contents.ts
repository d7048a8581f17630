import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { AssetIndex } from "../assets/index.ts";
import { openTempFolder } from "../assets/temp-folder.ts";
import { removeFolder } from "../lake/folders.ts";
import { isOwn } from "../schema/image-columns.ts";
import type { UploadOutcome } from "../schema/job.ts";
import { broughtColumns, policyFor } from "../schema/upload.ts";
import {
  type ContentBatch,
  type ContentScope,
  type ContentStep,
  createContentStep,
  type ResolveOptions,
} from "./content-step.ts";
import type { WorkContext } from "./context.ts";
import type { UploadDocuments } from "./documents.ts";
import type { FoundContents } from "./found-contents.ts";
import type { AssetCell } from "./row-results.ts";
import type { StagedRow } from "./staged-rows.ts";

/** Contents of one batch of rows, by step. */
export type BroughtBatch = readonly ContentBatch[];

/** All contents of an upload: one step per policy. */
export interface Contents {
  begin(rows: StagedRow[]): Promise<BroughtBatch>;
  /** Documents of the rows' own contents. */
  documents: UploadDocuments | undefined;
  finish(batch: BroughtBatch): Promise<FoundContents[]>;
  count(assets: readonly AssetCell[]): void;
  progress(): { images_done: number; bytes_done: number };
  assets(): UploadOutcome["assets"];
  close(): Promise<void>;
}

/** Opens the steps of an upload. Their files are in one folder, removed by `close`. */
export async function openContents(
  context: WorkContext,
  options: ResolveOptions,
  index: AssetIndex,
): Promise<Contents> {
  const { manifest } = options.source;
  const brought = broughtColumns(manifest);
  const temp = brought.length === 0 ? undefined : await openTempFolder(context.lake, manifest);
  const steps: { scope: ContentScope; step: ContentStep }[] = [];
  for (const policy of new Set(brought.map((column) => policyFor(column, manifest.images)))) {
    const places = brought.flatMap((column, at) =>
      policyFor(column, manifest.images) === policy ? [at] : [],
    );
    if (temp === undefined) continue;
    // A content in two columns is prepared under each policy, concurrently.
    const path = join(temp.path, policy);
    await mkdir(path, { mode: 0o700 });
    const scope: ContentScope = { policy, columns: new Set(places), temp: { ...temp, path } };
    steps.push({ scope, step: await createContentStep(context, options, index, scope) });
  }
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  return {
    documents: steps.find(({ scope }) => scope.columns.has(brought.findIndex(isOwn)))?.step.documents,
    begin: async (rows) => {
      const batches: ContentBatch[] = [];
      for (const { step } of steps) batches.push(await step.begin(rows));
      return batches;
    },
    finish: async (batch) => {
      const found: FoundContents[] = [];
      for (const [at, { scope, step }] of steps.entries()) {
        const contents = await step.finish(batch[at] as ContentBatch);
        for (const place of scope.columns) found[place] = contents;
      }
      return found;
    },
    count: (assets) => {
      for (const { scope, step } of steps) {
        const own = assets.flatMap((cell, at) => (scope.columns.has(at) ? (cell ?? []) : []));
        step.count(own.filter((asset) => asset !== null).length);
      }
    },
    progress: () => {
      const done = steps.map(({ step }) => step.progress());
      return {
        images_done: sum(done.map((one) => one.images_done)),
        bytes_done: sum(done.map((one) => one.bytes_done)),
      };
    },
    assets: () => {
      const totals = steps.map(({ step }) => step.assets());
      return {
        stored: sum(totals.map((one) => one.stored)),
        deduplicated: sum(totals.map((one) => one.deduplicated)),
        bytes: sum(totals.map((one) => one.bytes)),
      };
    },
    close: async () => {
      for (const { step } of steps) await step.close();
      // Some file systems keep the name of a removed file, and so its folder, while a process has it open.
      await context.documentReaders.rest();
      if (temp !== undefined) await removeFolder(temp.path);
    },
  };
}
