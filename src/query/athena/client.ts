import { StatementEngine } from "../statement/engine.ts";
import type { ExecutionEffects } from "./execution.ts";
import { type AthenaOptions, createAthenaRunner } from "./runner.ts";

export type AthenaClientOptions = AthenaOptions;

/** AWS Athena over the tables of `datalake sync --to athena`, with the AWS SDK's credential chain. */
export class AthenaClient extends StatementEngine {
  /** `effects` replaces time and randomness in tests. */
  constructor(options: AthenaClientOptions, effects?: ExecutionEffects) {
    super(createAthenaRunner(options, effects));
  }
}
