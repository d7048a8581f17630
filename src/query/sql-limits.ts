import { parseSize, type Settings } from "../config.ts";
import type { SqlLimits } from "../schema/query.ts";

export function sqlLimits({ sql }: Pick<Settings, "sql">): SqlLimits {
  const { timeout_s, memory, max_rows, max_bytes } = sql;
  return { timeoutMs: timeout_s * 1000, memory, maxRows: max_rows, maxBytes: parseSize(max_bytes) };
}
