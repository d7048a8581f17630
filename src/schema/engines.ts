import * as v from "valibot";
import { Size, Url } from "./setting-values.ts";

/** Description of a query engine for settings, flags and help. query/create-engine.ts opens it. */
export interface EngineDescription {
  /** Shown after its name in help. */
  readonly hint?: string;
  /** Partitions sampled for suggestions; a remote engine needs seconds for each. */
  readonly sampledPartitions: number;
  readonly settings?: v.GenericSchema;
  readonly paths?: readonly string[];
  /** Environment variables with its secrets. */
  readonly secrets?: readonly string[];
}

/** All engines, the default first. */
export const ENGINES = {
  duckdb: { hint: "the lake's catalog", sampledPartitions: 10 },
  athena: {
    sampledPartitions: 2,
    settings: v.optional(
      v.strictObject({
        database: v.optional(v.string(), "datalake"),
        table: v.optional(v.string(), "catalog"),
        workgroup: v.optional(v.string(), "primary"),
        region: v.optional(v.string()),
        endpoint: v.optional(Url),
        output: v.optional(
          v.pipe(v.string(), v.regex(/^s3:\/\/[^/]+/, "is not an address such as s3://bucket/results")),
        ),
        max_scan: v.optional(Size, "100GB"),
        price_per_tb: v.optional(v.pipe(v.number(), v.minValue(0)), 5),
        reuse_minutes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(10_080)), 60),
      }),
      {},
    ),
  },
  trino: {
    sampledPartitions: 4,
    settings: v.optional(
      v.strictObject({
        url: v.optional(Url),
        catalog: v.optional(v.string(), "hive"),
        schema: v.optional(v.string(), "datalake"),
        table: v.optional(v.string(), "catalog"),
        user: v.optional(v.string()),
        location: v.optional(v.string()),
        password_file: v.optional(v.string()),
        token_file: v.optional(v.string()),
      }),
      {},
    ),
    paths: ["password_file", "token_file"],
    secrets: ["DATALAKE_TRINO_PASSWORD", "DATALAKE_TRINO_TOKEN"],
  },
} as const satisfies Record<string, EngineDescription>;

export type EngineName = keyof typeof ENGINES;
export const ENGINE_NAMES = Object.keys(ENGINES) as EngineName[];
export const DEFAULT_ENGINE: EngineName = "duckdb";
const ROWS = Object.entries(ENGINES) as [EngineName, EngineDescription][];

type WithSettings = {
  [Name in EngineName as (typeof ENGINES)[Name] extends { settings: v.GenericSchema }
    ? Name
    : never]: (typeof ENGINES)[Name] extends { settings: infer Settings } ? Settings : never;
};
export const ENGINE_SETTINGS = Object.fromEntries(
  ROWS.flatMap(([name, { settings }]) => (settings ? [[name, settings]] : [])),
) as WithSettings;
/** `trino.token_file` */
export const ENGINE_PATHS = ROWS.flatMap(([name, { paths = [] }]) => paths.map((path) => `${name}.${path}`));
export const ENGINE_SECRETS = ROWS.flatMap(([, { secrets = [] }]) => secrets);

/** `duckdb (the lake's catalog), athena or trino (default: duckdb)` */
export function describeEngines(): string {
  const words = ROWS.map(([name, { hint }]) => (hint === undefined ? name : `${name} (${hint})`));
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)} (default: ${DEFAULT_ENGINE})`;
}
