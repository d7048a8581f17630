import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { parseSize, type Settings } from "../config.ts";
import { createDocumentReader } from "../documents/document-reader.ts";
import { systemCode, toAppError } from "../errors.ts";
import { removeTree } from "../lake/files.ts";
import { makeWorkFolder } from "../lake/work-folder.ts";
import { type Database, interruptible, openDatabase } from "../query/database.ts";
import { retryWithLessMemory } from "../query/less-memory.ts";
import type { UploadManifest } from "../schema/upload.ts";
import { selfCommand } from "../self-command.ts";
import { type ExecuteOptions, executeUpload } from "./execute.ts";
import { openInputs } from "./formats.ts";
import type { Input, InputOptions } from "./input.ts";
import { planUpload } from "./plan.ts";
import { readFailure } from "./read-failure.ts";
import type { UploadDestination } from "./upload-destination.ts";
import type { UploadPlan, UploadRequest } from "./upload-plan.ts";

/** One upload from looking at the input to staging it, with a database and work files of its own. */
export interface UploadSession {
  readonly database: Database;
  /** Opens files, folders or globs; may be called again when a person corrects the path. */
  open(paths: string | readonly string[], options?: InputOptions): Promise<Input>;
  /** Says what the upload will be; nothing is staged. Throws as `planUpload`. */
  plan(request: UploadRequest, input: Input, target: UploadDestination): Promise<UploadPlan>;
  /** Stages what was planned. Throws as `executeUpload`. */
  stage(plan: UploadPlan, target: UploadDestination, options?: StageOptions): Promise<UploadManifest>;
  /** Removes the work files; may be called several times. */
  close(): Promise<void>;
}

export interface StageOptions extends Pick<ExecuteOptions, "createdBy" | "onProgress"> {
  /** Whether rows may name files of this machine, which they may without. */
  namesFiles?: boolean;
}

export interface SessionOptions {
  settings: Pick<Settings, "scratchFolder" | "database" | "images">;
  /** As in settings. Staging streams: more is held only where rows are too large or wide for this. */
  memory?: string;
  /** Those of the settings without. */
  threads?: number;
  signal?: AbortSignal;
}

const MEMORY = "512MB";

/** Opens a session; work files are in a folder of its own in scratch. */
export async function openUploadSession(options: SessionOptions): Promise<UploadSession> {
  const { settings, signal, memory: most = MEMORY } = options;
  const { database: allowed, images, scratchFolder } = settings;
  const scratch = await makeWorkFolder(scratchFolder, "upload");
  const memory = parseSize(allowed.memory) < parseSize(most) ? allowed.memory : most;
  const database = await openDatabase({
    scratch,
    memory,
    mostMemory: allowed.memory,
    threads: options.threads ?? allowed.threads,
  });
  const documents = createDocumentReader({ selfCommand: selfCommand() });
  let inputs = 0;
  const ends: (() => Promise<void> | void)[] = [];
  return {
    database,
    async open(paths, read) {
      const folder = join(scratch, `input-${inputs++}`);
      await mkdir(folder);
      const own: typeof ends = [];
      const onClose = (work: () => Promise<void> | void) => void own.push(work);
      const context = { database, scratch: folder, documents, onClose, ...(signal && { signal }), ...read };
      const given = typeof paths === "string" ? [paths] : paths;
      // a try that failed leaves nothing open for the next
      const attempt = () =>
        openInputs(given, context).catch(async (error) => {
          for (const end of own.splice(0)) await end();
          throw error;
        });
      const work = () => retryWithLessMemory(database, attempt);
      const opened = await interruptible(database, signal, work).catch((error) => {
        const failure = readFailure(error, given.join(", "));
        // Nothing else is written while an input is opened.
        throw ["ENOSPC", "EDQUOT"].includes(systemCode(failure) ?? "")
          ? toAppError(failure, scratch)
          : failure;
      });
      ends.push(...own);
      return opened;
    },
    plan: (request, input, target) =>
      planUpload(request, input, { target, database }).catch((error) => {
        throw readFailure(error, input.path);
      }),
    stage: (plan, target, { namesFiles = true, ...more } = {}) =>
      executeUpload(plan, {
        target,
        database,
        workingFolder: namesFiles ? process.cwd() : undefined,
        maxBytes: parseSize(images.max_bytes),
        ...(signal && { signal }),
        ...more,
      }),
    async close() {
      for (const end of ends.splice(0)) await end();
      database.close();
      await documents.close();
      await removeTree(scratch);
    },
  };
}
