import { StatementEngine } from "../statement/engine.ts";
import type { ExecutionEffects } from "./execution.ts";
import { type AthenaOptions, createAthenaRunner } from "./runner.ts";

export type AthenaClientOptions = AthenaOptions;

/** AWS Athena over the tables that `datalake sync --to athena` makes; credentials come from the AWS SDK's chain. */
export class AthenaClient extends StatementEngine {
  /** `effects` is for tests: what waits, and what is random. */
  constructor(options: AthenaClientOptions, effects?: ExecutionEffects) {
    super(createAthenaRunner(options, effects));
  }
}
