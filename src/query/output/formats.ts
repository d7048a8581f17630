import type { EncodeRows } from "./encoder.ts";

export const ROW_FORMATS = ["json", "ndjson", "csv", "arrow", "parquet"] as const;
export type RowFormat = (typeof ROW_FORMATS)[number];

interface FormatEntry {
  /** Accepted media types; the first is used in responses. */
  mediaTypes: readonly [string, ...string[]];
  load: () => Promise<EncodeRows>;
}

/** All row formats. To add one, add a row here and an encoder. */
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

/** Loads a format's encoder lazily. */
export function loadEncoder(format: RowFormat): Promise<EncodeRows> {
  return FORMATS[format].load();
}

/** Accepted media types of a format, its own first. */
export function mediaTypes(format: RowFormat): readonly [string, ...string[]] {
  return FORMATS[format].mediaTypes;
}
