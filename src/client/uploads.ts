import { open } from "node:fs/promises";
import { join } from "node:path";
import type { Table } from "apache-arrow";
import type { Settings } from "../config.ts";
import { AppError, throwIfCancelled } from "../errors.ts";
import type { UploadProgress } from "../ingest/execute.ts";
import type { PageFlags } from "../ingest/page-options.ts";
import type { TextWishes } from "../ingest/text/options.ts";
import type { UploadDestination } from "../ingest/upload-destination.ts";
import type { UploadRequest } from "../ingest/upload-plan.ts";
import { removeTree } from "../lake/files.ts";
import { makeWorkFolder } from "../lake/work-folder.ts";
import type { UploadManifest } from "../schema/upload.ts";

/** One row of an upload: texts, numbers, lists, objects. Images go by path (`image_path`), or in an Arrow table. */
export type UploadRow = Record<string, unknown>;

/** What is uploaded: a path, or several, as for `datalake upload`, an Arrow table, or rows as an iterable. */
export type UploadInput = string | readonly string[] | Table | AsyncIterable<UploadRow> | Iterable<UploadRow>;

export interface RawUpload
  extends Pick<UploadRequest, "provider" | "dataset" | "variant" | "description" | "source" | "license">,
    Partial<Pick<UploadRequest, "mode" | "images" | "verify" | "maxRejects" | "strict" | "read">> {
  input: UploadInput;
  /** How a CSV or JSON file is read, as the flags of `datalake upload` say it. */
  text?: TextWishes;
  /** How pages of PDFs are made. */
  pages?: PageFlags;
  signal?: AbortSignal;
  onProgress?: (progress: UploadProgress) => void;
}

export interface TaskUpload extends RawUpload {
  task: string;
  variant: string;
  /** The task's fields: `{ lang: "ko" }`. */
  meta?: Readonly<Record<string, string>>;
}

/** Uploads to a lake, by its folder or through a server; what is given as rows is in a file of scratch meanwhile. */
export async function uploadTo(
  target: UploadDestination,
  settings: Settings,
  type: "raw" | "task",
  upload: RawUpload | TaskUpload,
  signal: AbortSignal,
): Promise<UploadManifest> {
  const { input, onProgress, signal: _, text = {}, pages = {}, ...asked } = upload;
  const [{ openUploadSession }, { parseTextOptions }, { parsePageFlags }] = await Promise.all([
    import("../ingest/session.ts"),
    import("../ingest/text/options.ts"),
    import("../ingest/page-options.ts"),
  ]);
  const request: UploadRequest = {
    mode: "create",
    images: settings.images.policy,
    verify: settings.images.verify,
    maxRejects: settings.upload.max_rejects,
    ...asked,
    type,
    pages: await parsePageFlags(pages),
  };
  const folder = await makeWorkFolder(settings.scratchFolder, "rows");
  const session = await openUploadSession({ settings, signal });
  try {
    const paths = isPaths(input) ? input : await writeInput(input, folder, signal);
    const opened = await session.open(paths, {
      ...request.read,
      text: parseTextOptions(text),
      passwords: pages.passwords ?? [],
    });
    const plan = await session.plan(request, opened, target);
    return await session.stage(plan, target, onProgress && { onProgress });
  } finally {
    await session.close();
    await removeTree(folder);
  }
}

function isPaths(input: UploadInput): input is string | readonly string[] {
  if (typeof input === "string") return true;
  return Array.isArray(input) && input.length > 0 && input.every((one) => typeof one === "string");
}

async function writeInput(
  input: Exclude<UploadInput, string | readonly string[]>,
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  if ("schema" in input) {
    const { tableToIPC } = await import("apache-arrow");
    const path = join(folder, "rows.arrow");
    await Bun.write(path, tableToIPC(input, "file"));
    return path;
  }
  const path = join(folder, "rows.jsonl");
  const handle = await open(path, "wx");
  try {
    let text = "";
    for await (const row of input) {
      throwIfCancelled(signal);
      text += `${rowText(row)}\n`;
      if (text.length < 1 << 20) continue;
      await handle.write(text);
      text = "";
    }
    await handle.write(text);
  } finally {
    await handle.close();
  }
  return path;
}

/** Stands before the digits of a BigInt, which a JSON number holds and `JSON.stringify` does not take. */
const DIGITS = `bigint ${crypto.randomUUID()} `;
const BIGINT = new RegExp(`"${DIGITS}(-?\\d+)"`, "g");

function rowText(row: UploadRow): string {
  let hasDigits = false;
  const text = JSON.stringify(row, (name, value) => {
    if (typeof value === "bigint") {
      hasDigits = true;
      return `${DIGITS}${value}`;
    }
    if (value instanceof Uint8Array || (typeof value === "object" && value?.type === "Buffer")) {
      throw new AppError(
        "invalid_input",
        `the column ${name} contains bytes; pass rows with images as an Arrow table`,
      );
    }
    return value;
  });
  return hasDigits ? text.replace(BIGINT, "$1") : text;
}
