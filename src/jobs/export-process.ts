import type { Settings } from "../config.ts";
import { AppError, toAppError } from "../errors.ts";
import { type Lake, tellLake } from "../lake/lake.ts";
import type { ExportFile, RemoteExport } from "../schema/export.ts";
import { ExportMessageSchema, type ExportOrder } from "./export-child.ts";
import { giveOrder } from "./order-process.ts";

/** The hidden command with which this program makes an export. */
export const EXPORT_COMMAND = "__export";

export interface ExportRun {
  lake: Lake;
  settings: Settings;
  /** The program and its leading arguments, without a command. */
  selfCommand: string[];
  /** A new folder. */
  output: string;
  signal: AbortSignal;
  onProgress(rowsDone: number, rowsTotal: number): void;
}

/**
 * Makes an export in a child process, which stands behind those whom somebody waits for. Throws what it threw,
 * `cancelled`, or `worker_crashed` when it died; nothing is left then, unless it was killed.
 */
export async function runExport(
  request: RemoteExport,
  { lake, settings, selfCommand, output, signal, onProgress }: ExportRun,
): Promise<{ result: { rows: number; bytes: number; missing: number }; files: ExportFile[] }> {
  const order: ExportOrder = {
    lake: tellLake(lake),
    settings: settings as unknown as ExportOrder["settings"],
    request,
    output,
  };
  try {
    return await giveOrder({
      selfCommand,
      command: EXPORT_COMMAND,
      order,
      schema: ExportMessageSchema,
      deed: "made the export",
      inBackground: true,
      signal,
      onMessage: (message) => {
        if (message.type === "progress") onProgress(message.rows_done, message.rows_total);
      },
    });
  } catch (cause) {
    const error = toAppError(cause);
    if (error.code !== "no_space") throw error;
    throw new AppError(
      "no_space",
      "no space is left to put the rows together; free some in the server's scratch folder, or ask for fewer rows",
      { cause },
    );
  }
}
