import type { EncodeRows } from "./encoder.ts";

export const ROW_FORMATS = ["json", "ndjson", "csv", "arrow", "parquet"] as const;
export type RowFormat = (typeof ROW_FORMATS)[number];

interface FormatEntry {
  /** What an answer says it is; the first of those that may be asked for. */
  mediaTypes: readonly [string, ...string[]];
  load: () => Promise<EncodeRows>;
}

/** The one table of row formats; a new one is a row here and an encoder beside the others. */
const FORMATS: Record<RowFormat, FormatEntry> = {
  json: {
    mediaTypes: ["application/json"],
    load: async () => (await import("./json.ts")).encodeJson,
  },
  ndjson: {
    mediaTypes: ["application/x-ndjson", "application/ndjson", "application/jsonl"],
    load: async () => (await import("./json.ts")).encodeNdjson,
  },
  csv: {
    mediaTypes: ["text/csv"],
    load: async () => (await import("./csv.ts")).encodeCsv,
  },
  arrow: {
    mediaTypes: ["application/vnd.apache.arrow.stream"],
    load: async () => (await import("./arrow.ts")).encodeArrow,
  },
  parquet: {
    mediaTypes: ["application/vnd.apache.parquet", "application/x-parquet", "application/parquet"],
    load: async () => (await import("./parquet.ts")).encodeParquet,
  },
};

/** The encoder of a format, loaded when it is first asked for. */
export function loadEncoder(format: RowFormat): Promise<EncodeRows> {
  return FORMATS[format].load();
}

/** All media types by which a format may be asked for, its own first. */
export function mediaTypes(format: RowFormat): readonly [string, ...string[]] {
  return FORMATS[format].mediaTypes;
}
