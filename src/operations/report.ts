import { type FileHandle, open, rm } from "node:fs/promises";
import { AppError, toAppError } from "../errors.ts";
import { replaceFile, tempBeside } from "../lake/replace.ts";
import { csvField } from "../util/csv.ts";

export const REPORTS = { json: "report.json", csv: "report.csv" } as const;

/** Where all findings of a check go: a CSV or JSON file, by its extension, or a new folder for both. */
export interface ReportLocal {
  report?: string | undefined;
  reportFolder?: string;
}

/** A streamed report; it gets its final name when complete. */
export interface Report<Finding> {
  add(finding: Finding): Promise<void>;
  /** Writes the end and renames it to its final name. */
  finish(summary: object): Promise<void>;
  /** Removes the unfinished file. */
  discard(): Promise<void>;
}

type Cell = string | number | null;

interface ReportFormat<Finding> {
  head: string;
  row(finding: Finding, first: boolean): string;
  tail(summary: object): string;
}

function csvFormat<Finding extends object>(columns: readonly (keyof Finding)[]): ReportFormat<Finding> {
  return {
    head: `${columns.join(",")}\r\n`,
    row: (finding) => `${columns.map((name) => csvField(finding[name] as Cell)).join(",")}\r\n`,
    tail: () => "",
  };
}

const JSON_FORMAT: ReportFormat<object> = {
  head: '{"findings":[',
  row: (finding, first) => `${first ? "" : ","}\n${JSON.stringify(finding)}`,
  tail: (summary) => `\n],"summary":${JSON.stringify(summary)}}\n`,
};

const FLUSH_CHARS = 64 * 1024;

/**
 * Opens a report at `path`: CSV (RFC 4180) with these columns for `.csv`, otherwise one JSON document.
 * Replaces an existing file. Throws an error naming the path if it cannot be written.
 */
export async function openReport<Finding extends object>(
  path: string,
  columns: readonly (keyof Finding)[],
): Promise<Report<Finding>> {
  const format: ReportFormat<Finding> = path.toLowerCase().endsWith(".csv")
    ? csvFormat(columns)
    : JSON_FORMAT;
  const temp = tempBeside(path);
  const handle: FileHandle = await open(temp, "wx").catch((error) => refuse(path, error));
  let text = format.head;
  let first = true;
  const flush = async () => {
    const some = text;
    text = "";
    await handle.writeFile(some);
  };
  return {
    add: async (finding) => {
      text += format.row(finding, first);
      first = false;
      if (text.length >= FLUSH_CHARS) await flush();
    },
    finish: async (summary) => {
      text += format.tail(summary);
      await flush();
      await handle.close();
      await replaceFile(temp, path);
    },
    discard: async () => {
      await handle.close().catch(() => {}); // already closed
      await rm(temp, { force: true });
    },
  };
}

function refuse(path: string, cause: unknown): never {
  const { code } = toAppError(cause);
  throw new AppError(code, `the report cannot be written to ${path}; choose another place`, {
    details: { path },
    cause,
  });
}
