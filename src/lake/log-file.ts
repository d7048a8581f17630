import { appendFileSync, chmodSync, renameSync, rmSync, statSync } from "node:fs";
import type { LogSink } from "../log.ts";
import { DEFAULT_MODES, type Modes } from "./modes.ts";

export interface LogFileOptions {
  /** A file that would grow beyond this is set aside as `<path>.1`. */
  maxBytes: number;
  /** How many files are kept, the current one included. */
  keep: number;
  modes?: Modes;
}

/** Appends lines to a file and rotates it: `<path>`, `<path>.1` (the one before)... A full disk stops no work. */
export function openLogFile(path: string, options: LogFileOptions): LogSink {
  const { maxBytes, keep, modes = DEFAULT_MODES } = options;
  let size = sizeOf(path);
  return {
    write: (line) => {
      try {
        const bytes = Buffer.byteLength(line);
        if (size > 0 && size + bytes > maxBytes) {
          rotate(path, keep);
          size = 0;
        }
        appendFileSync(path, line);
        if (size === 0) chmodSync(path, modes.file);
        size += bytes;
      } catch {
        // the log must never be why the work fails
      }
    },
  };
}

function rotate(path: string, keep: number): void {
  rmSync(`${path}.${keep - 1}`, { force: true });
  for (let at = keep - 2; at >= 1; at--) {
    if (sizeOf(`${path}.${at}`) > 0) renameSync(`${path}.${at}`, `${path}.${at + 1}`);
  }
  if (keep > 1) renameSync(path, `${path}.1`);
  else rmSync(path, { force: true });
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
