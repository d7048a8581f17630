import { parseSize, type Settings } from "../../config.ts";
import { machineName } from "../../lake/account.ts";
import type { Lake } from "../../lake/lake.ts";
import { openLogFile } from "../../lake/log-file.ts";
import { createLogger, type Logger, type LogLevelControl } from "../../log.ts";

/** The server's log: JSON lines in the lake's logs/, rotated, and a readable line of each on the terminal. */
export function openServerLog(
  lake: Lake,
  settings: Settings,
  viewer: { note(line: string): void },
): { logger: Logger; logLevel: LogLevelControl } {
  const file = openLogFile(lake.layout.log(machineName()), {
    maxBytes: parseSize(settings.log.max_size),
    keep: settings.log.keep,
    modes: lake.modes,
    gatherMs: 100,
  });
  const sink = {
    write: (line: string) => {
      file.write(line);
      viewer.note(readable(line));
    },
  };
  const logLevel: LogLevelControl = { level: settings.log.level };
  return { logger: createLogger(sink, () => logLevel.level), logLevel };
}

/** `12:03:44 info  job started job_id=j01...` */
function readable(line: string): string {
  const { time, level, message, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${plain(value)}`);
  return [String(time).slice(11, 19), String(level).padEnd(5), message, ...rest].join(" ");
}

function plain(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  const { message } = value as { message?: unknown };
  return typeof message === "string" ? JSON.stringify(message) : JSON.stringify(value);
}
