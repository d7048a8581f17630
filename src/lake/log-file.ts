import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import type { LogSink } from "../log.ts";
import { giveFdPermissions } from "./group.ts";
import { DEFAULT_MODES, type Modes } from "./modes.ts";
import { goneOf } from "./replaced.ts";

export interface LogFileOptions {
  /** Rotate to `<path>.1` before exceeding this size. */
  maxBytes: number;
  /** Number of files kept, including the current one. */
  keep: number;
  modes?: Modes;
  /** Lines within this time are written together, to spare a file server. Default: each line at once. */
  gatherMs?: number;
}

/** Appends lines to a file and rotates it: `<path>`, `<path>.1` (the previous one). Ignores a full disk. */
export function openLogFile(path: string, options: LogFileOptions): LogSink {
  const { maxBytes, keep, modes = DEFAULT_MODES, gatherMs = 0 } = options;
  let size = sizeOf(path);
  let gathered: string[] = [];
  let waiting: ReturnType<typeof setTimeout> | undefined;
  const append = (text: string, bytes: number) => {
    if (text === "") return;
    if (size > 0 && size + bytes > maxBytes) {
      size = 0; // if rotation fails, retry after as many bytes
      try {
        rotate(path, keep);
      } catch {
        // a reader has one of them open, and it cannot be moved
      }
    }
    appendTo(path, text, modes.file);
    size += bytes;
  };
  const flush = () => {
    const lines = gathered;
    gathered = [];
    try {
      let text = "";
      let textBytes = 0;
      for (const line of lines) {
        const bytes = Buffer.byteLength(line);
        if (size + textBytes + bytes > maxBytes) {
          append(text, textBytes);
          text = "";
          textBytes = 0;
        }
        text += line;
        textBytes += bytes;
      }
      append(text, textBytes);
    } catch {
      // logging must never make the work fail
    }
  };
  if (gatherMs > 0) process.once("exit", flush);
  return {
    write: (line) => {
      gathered.push(line);
      if (waiting !== undefined) return;
      flush();
      if (gatherMs === 0) return;
      waiting = setTimeout(() => {
        waiting = undefined;
        flush();
      }, gatherMs);
      waiting.unref();
    },
  };
}

/** Does not follow links or block on pipes put there by others. */
function appendTo(path: string, text: string, mode: number): void {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, mode);
  try {
    const facts = fstatSync(fd);
    if (facts.size === 0) giveFdPermissions(fd, dirname(path), mode);
    if (facts.isFile()) writeFileSync(fd, text);
  } finally {
    closeSync(fd);
  }
}

function rotate(path: string, keep: number): void {
  if (keep < 2) free(path);
  for (let at = keep - 1; at >= 1; at--) {
    const from = at === 1 ? path : `${path}.${at - 1}`;
    if (!existsSync(from)) continue;
    free(`${path}.${at}`);
    renameSync(from, `${path}.${at}`);
  }
}

/** Removes a file; its name is free at once, also on file systems that wait for its readers. */
function free(path: string): void {
  if (!existsSync(path)) return;
  const gone = goneOf(path);
  renameSync(path, gone);
  try {
    rmSync(gone, { force: true });
  } catch {
    // swept once nobody has it open
  }
}

function sizeOf(path: string): number {
  try {
    const facts = lstatSync(path, { throwIfNoEntry: false });
    return facts?.isFile() ? facts.size : 0;
  } catch {
    return 0; // a file or a link loop is in the folder's place
  }
}
