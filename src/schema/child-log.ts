import * as v from "valibot";
import { createLogger, LOG_LEVELS, type Logger, type LogLevel } from "../log.ts";

export const LogMessageSchema = v.object({
  type: v.literal("log"),
  level: v.picklist(LOG_LEVELS),
  message: v.string(),
  fields: v.record(v.string(), v.unknown()),
});
export type LogMessage = v.InferOutput<typeof LogMessageSchema>;

/** Logger of a child process: sends lines to the parent, which owns the log and its level. */
export function createChildLogger(say: (message: LogMessage) => void): Logger {
  const sink = {
    write: (line: string) => {
      const {
        time: _,
        level,
        message,
        ...fields
      } = JSON.parse(line) as { time: string; level: LogLevel; message: string };
      say({ type: "log", level, message, fields });
    },
  };
  return createLogger(sink, "debug");
}
