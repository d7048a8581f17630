import { type FileHandle, open, rm } from "node:fs/promises";
import { replaceFile, tempBeside } from "../../lake/replace.ts";
import type { AssetFinding, VerifySummary } from "../../schema/verification.ts";
import { csvField } from "../../util/csv.ts";

/** A report that is written as findings come; it has its name only when it is whole. */
export interface AssetReport {
  add(finding: AssetFinding): Promise<void>;
  /** Writes the end and renames it to its name. */
  finish(summary: VerifySummary): Promise<void>;
  /** Leaves nothing behind. */
  discard(): Promise<void>;
}

interface ReportFormat {
  head: string;
  row(finding: AssetFinding, first: boolean): string;
  tail(summary: VerifySummary): string;
}

const COLUMNS = [
  "problem",
  "path",
  "expected",
  "found",
  "provider",
  "dataset",
  "task",
  "variant",
  "upload_id",
  "source_row",
  "source_name",
  "rows",
] as const satisfies readonly (keyof AssetFinding)[];

const FORMATS: Record<"csv" | "json", ReportFormat> = {
  csv: {
    head: `${COLUMNS.join(",")}\r\n`,
    row: (finding) => `${COLUMNS.map((name) => csvField(finding[name])).join(",")}\r\n`,
    tail: () => "",
  },
  json: {
    head: '{"findings":[',
    row: (finding, first) => `${first ? "" : ","}\n${JSON.stringify(finding)}`,
    tail: (summary) => `\n],"summary":${JSON.stringify(summary)}}\n`,
  },
};

const FLUSH_CHARS = 64 * 1024;

/**
 * Begins a report at `path`: CSV (RFC 4180) where its name ends so, else one JSON document. Replaces one that is
 * there.
 */
export async function openReport(path: string): Promise<AssetReport> {
  const format = FORMATS[path.toLowerCase().endsWith(".csv") ? "csv" : "json"];
  const temp = tempBeside(path);
  const handle: FileHandle = await open(temp, "wx");
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
      await handle.close().catch(() => {}); // closed already
      await rm(temp, { force: true });
    },
  };
}
