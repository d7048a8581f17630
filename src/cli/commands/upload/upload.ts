import type { LakeClient } from "../../../client/lake-client.ts";
import type { Settings } from "../../../config.ts";
import { AppError, toAppError } from "../../../errors.ts";
import type { UploadProgress } from "../../../ingest/execute.ts";
import type { Input, InputOptions } from "../../../ingest/input.ts";
import { parsePageFlags, readPasswords } from "../../../ingest/page-options.ts";
import { parseMeta } from "../../../ingest/parse-meta.ts";
import { readPathList } from "../../../ingest/path-list.ts";
import type { UploadSession } from "../../../ingest/session.ts";
import { parseTextOptions } from "../../../ingest/text/options.ts";
import type { UploadDestination } from "../../../ingest/upload-destination.ts";
import type { UploadPlan, UploadRequest } from "../../../ingest/upload-plan.ts";
import type { UploadOutcome } from "../../../schema/job.ts";
import { folderOf } from "../../../schema/lake-location.ts";
import { formatPartition } from "../../../schema/partition.ts";
import { IMAGE_POLICIES, UPLOAD_MODES, type UploadManifest, VERIFY_LEVELS } from "../../../schema/upload.ts";
import { formatBytes, formatQuantity } from "../../../util/format.ts";
import { defineCommand, type Effects } from "../../arguments/command.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { describeUpload, GO_ON } from "../process/job-text.ts";
import { missingFlags, parseType, UPLOAD_FLAGS, type UploadFlags } from "./flags.ts";
import { addTo, createAdded } from "./new-place.ts";
import { openAsking } from "./open-asking.ts";

export const uploadCommand = defineCommand({
  summary: "Upload raw data or labels",
  positionals: ["[INPUT...]"],
  flags: UPLOAD_FLAGS,
  examples: [
    "datalake upload",
    "datalake upload scans/ --type raw --provider aihub --dataset receipts",
    "datalake upload images.zip labels.zip --type raw --provider aihub --dataset contracts",
    "datalake upload labels.jsonl --type task --provider aihub --dataset receipts --task ocr --variant base --meta lang=ko --meta src=real --wait",
  ],
  run: async ({ flags, positionals }, effects) => {
    const client = await effects.openClient();
    const target = await client.uploads.destination();
    const { openUploadSession } = await import("../../../ingest/session.ts");
    const session = await openUploadSession({ settings: effects.settings, signal: effects.signal });
    let manifest: UploadManifest;
    let wanted: Wanted;
    try {
      wanted = await planOf(positionals, flags, { target, session, taxonomy: client.taxonomy }, effects);
      manifest = await stage(wanted.plan, target, session, effects);
    } finally {
      await session.close();
    }
    return finish(manifest, { ...flags, asked: wanted.asked }, effects);
  },
});

interface Wanted {
  plan: UploadPlan;
  /** A person was asked, and has confirmed it. */
  asked: boolean;
}

/** The plan: from flags alone, or by asking a person for what is missing. */
async function planOf(
  named: readonly string[],
  flags: UploadFlags,
  {
    target,
    session,
    taxonomy,
  }: Pick<LakeClient, "taxonomy"> & {
    target: UploadDestination;
    session: UploadSession;
  },
  { terminal, settings }: Effects,
): Promise<Wanted> {
  const listed = flags.filesFrom === undefined ? [] : await readPathList(flags.filesFrom);
  const paths = [...named, ...listed];
  const passwords = flags.passwordFile === undefined ? [] : await readPasswords(flags.passwordFile);
  const pages = await parsePageFlags({ ...flags, passwords });
  const { splitFromFolder = false, splitPages = false } = flags;
  const read: InputOptions = { text: parseTextOptions(flags), passwords, splitFromFolder, splitPages };
  const plan = async (answers: Answers, input: Input, opening: readonly string[], into = target) => {
    const request = completeRequest(answers, flags, settings);
    return session.plan({ ...request, pages: { ...pages, passwords: opening } }, input, into);
  };
  const missing = [...missingFlags(paths, flags), ...(await missingFields(target, flags))];
  if (missing.length > 0 && terminal.interactive) {
    const { askUpload } = await import("./questions.ts");
    const lakeFolder = folderOf(settings.location);
    let confirmed: UploadPlan | undefined;
    await askUpload(
      { paths, flags, read, target, session, lakeFolder, terminal },
      async ({ input, passwords: opening, added, ...answers }, ask) => {
        const known = addTo(await target.taxonomy(), added);
        const planned = await plan(answers, input, opening, { ...target, taxonomy: async () => known });
        // What the input says was told as it was found.
        for (const notice of planned.notices) if (!input.notices.includes(notice)) ask.note(notice);
        await confirmPlan(planned, ask);
        await createAdded(added, taxonomy);
        confirmed = planned;
      },
    );
    if (confirmed !== undefined) return { plan: confirmed, asked: true };
  }
  const { type, provider, dataset } = flags;
  if (missing.length > 0 || !type || !provider || !dataset) {
    throw needs(missing, await lackOf(target, flags));
  }
  const known = { type: parseType(type), provider, dataset, task: flags.task, variant: flags.variant };
  const opened = await openAsking(paths, read, session, terminal);
  const planned = await plan({ ...known, meta: parseMeta(flags.meta ?? []) }, opened.input, opened.passwords);
  if (opened.input.summary !== undefined) terminal.note(`Found ${opened.input.summary}`);
  for (const notice of planned.notices) terminal.note(notice);
  return { plan: planned, asked: false };
}

/** Required fields of the task that no `--meta` gives; none of one that the lake lacks. */
async function missingFields(target: UploadDestination, flags: UploadFlags): Promise<string[]> {
  if (flags.type !== "task" || flags.task === undefined) return [];
  const { fieldFlag, requireTask } = await import("../../../ingest/lake-checks.ts");
  const taxonomy = await target.taxonomy();
  if (!Object.hasOwn(taxonomy.tasks, flags.task)) return [];
  const task = requireTask(taxonomy, flags.task);
  const given = parseMeta(flags.meta ?? []);
  return task.required.filter((field) => !given[field]).map((field) => fieldFlag(task, field));
}

/** Why the lake does not take an upload to the place that the flags name, as far as they do. */
async function lackOf(target: UploadDestination, flags: UploadFlags): Promise<string | undefined> {
  const { requirePlace } = await import("../../../ingest/lake-checks.ts");
  const { provider, task, type, meta } = flags;
  const place = {
    ...(provider !== undefined && { provider }),
    ...(task !== undefined && type === "task" && { task }),
  };
  try {
    requirePlace(await target.taxonomy(), { ...place, meta: parseMeta(meta ?? []) });
  } catch (error) {
    return toAppError(error).message;
  }
  return undefined;
}

function needs(missing: readonly string[], lack: string | undefined): AppError {
  const add = `add ${missing.length === 1 ? "it" : "them"}, or run it on a terminal to be asked`;
  const message = `upload needs ${missing.join(", ")}; ${add}${lack === undefined ? "" : `; ${lack}`}`;
  return new AppError("usage", message, { details: { missing } });
}

type Answers = Pick<UploadRequest, "type" | "provider" | "dataset" | "task" | "variant" | "meta"> &
  Partial<Pick<UploadRequest, "mode">>;

function completeRequest(answers: Answers, flags: UploadFlags, settings: Settings): UploadRequest {
  const pick = <T extends string>(allowed: readonly T[], given: string | undefined, fallback: T): T =>
    allowed.find((value) => value === given) ?? fallback;
  return {
    ...answers,
    mode: answers.mode ?? pick(UPLOAD_MODES, flags.mode, "create"),
    images: pick(IMAGE_POLICIES, flags.images, settings.images.policy),
    verify: pick(VERIFY_LEVELS, flags.verify, settings.images.verify),
    maxRejects: flags.maxRejects ?? settings.upload.max_rejects,
    strict: flags.strict,
    description: flags.description ?? "",
    source: flags.source ?? "",
    license: flags.license,
  };
}

async function confirmPlan(plan: UploadPlan, terminal: Terminal): Promise<void> {
  const { summarizePlan } = await import("./questions.ts");
  for (const line of summarizePlan(plan)) terminal.note(line);
  if (await terminal.confirm("Upload it?")) return;
  throw new AppError("cancelled", "nothing was uploaded");
}

async function stage(
  plan: UploadPlan,
  target: UploadDestination,
  session: UploadSession,
  { terminal, settings }: Effects,
): Promise<UploadManifest> {
  const bar = terminal.progress("upload", { total: plan.input.rowCount, unit: "rows" });
  const labels: Record<UploadProgress["step"], string> = {
    contents: "upload",
    rows: "writing rows",
    sync: "syncing to disk",
  };
  const onProgress = ({ step, rowsDone, rowsTotal, bytesDone }: UploadProgress) =>
    bar.update({ done: rowsDone, total: rowsTotal, bytes: bytesDone, label: labels[step] });
  const staging = session.stage(plan, target, { onProgress }).finally(() => bar.finish());
  return staging.catch((error) => {
    if (!(error instanceof AppError) || error.code !== "cancelled") throw error;
    const isFolder = folderOf(settings.location) !== undefined;
    const left = isFolder ? "nothing was uploaded" : "the same command goes on with what the server lacks";
    throw new AppError("cancelled", `cancelled; ${left}`, { cause: error });
  });
}

/**
 * Reports the staged upload, and processes it if requested. Asks only whoever was asked before: flags that say
 * everything are those of a script, or of lines that were pasted together.
 */
async function finish(
  manifest: UploadManifest,
  flags: Pick<UploadFlags, "wait" | "process"> & { asked: boolean },
  effects: Effects,
): Promise<number> {
  const { terminal } = effects;
  const { upload_id, provider, dataset, task, variant, rows, mode } = manifest;
  const document = { upload_id, provider, dataset, task, variant, rows, mode };
  const staged = `Upload ${upload_id} is staged: ${formatQuantity(rows, "row")} for ${formatPartition(manifest)}${sizeText(manifest)}.`;
  let wait = flags.wait ?? false;
  let start = wait || (flags.process ?? false);
  if (!start && flags.asked) {
    terminal.note(staged);
    // Who leaves this question has uploaded all the same.
    const answer = terminal.confirm("Process it now and follow the job?");
    start = wait = await answer.catch((error) => {
      if (error instanceof AppError && error.code === "cancelled") return false;
      throw error;
    });
  }
  if (!start) {
    terminal.result(document, () => `${staged}\nProcess it with \`datalake process start --wait\`.`);
    return 0;
  }
  const { startProcessing } = await import("../process/processing.ts");
  const { processUpload } = await import("./process-upload.ts");
  const processing = wait ? processUpload(effects, upload_id) : startProcessing(effects, { wait: false });
  const { jobId, job, exit } = await processing.catch((cause) => {
    const error = toAppError(cause);
    const link = error.code === "cancelled" ? "," : ", but";
    throw new AppError(error.code, `upload ${upload_id} is staged${link} ${error.message}`, {
      details: { ...error.details, ...document },
      cause,
    });
  });
  const outcome = job?.uploads.find((upload) => upload.upload_id === upload_id);
  // The rows are stored, and nobody finds them: the catalog was not published, or not with them.
  const hidden = outcome?.status === "completed" ? job?.error : undefined;
  const result = {
    ...document,
    job_id: jobId,
    ...(outcome && { outcome }),
    ...(hidden && { job_error: hidden }),
  };
  const isLeft = outcome === undefined ? job !== undefined : outcome.status === "cancelled";
  const end =
    job?.error !== undefined
      ? `Job ${jobId} ${job.status}: ${job.error.message}`
      : job?.status === "completed"
        ? `Job ${jobId} ended without it`
        : "Stopped";
  terminal.result(result, () => {
    if (isLeft) return `${end}. ${staged} ${GO_ON} with it.`;
    return outcome
      ? `${describeUpload(outcome)}${hidden ? `\n  ${hidden.message}` : ""}`
      : `${staged}\nJob ${jobId} processes it; see \`datalake process status --watch\`.`;
  });
  if (outcome && !hidden) return outcomeExit(outcome);
  // Of a job that was waited for, and did not publish this upload: never a success, however well it did otherwise.
  const isFine = exit === 0 || exit === 3;
  return job !== undefined && isFine ? 1 : exit;
}

function outcomeExit(outcome: UploadOutcome): number {
  if (outcome.status === "cancelled") return 130;
  if (outcome.status !== "completed") return 1;
  return outcome.rejected > 0 ? 3 : 0;
}

function sizeText({ staged_files, staged_bytes, contents }: UploadManifest): string {
  if (contents === 0) return "";
  const known = contents - staged_files;
  const there = known > 0 ? `, ${formatQuantity(known, "file")} already in the lake` : "";
  return ` with ${formatQuantity(staged_files, "file")} (${formatBytes(staged_bytes)})${there}`;
}
