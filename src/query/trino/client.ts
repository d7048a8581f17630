import { StatementEngine } from "../statement/engine.ts";
import { createTrinoRunner, type TrinoOptions } from "./runner.ts";

export type TrinoClientOptions = TrinoOptions;

/** A Trino server with the tables that `datalake sync --to trino` makes. */
export class TrinoClient extends StatementEngine {
  /** Throws `invalid_config` for credentials that would go unencrypted. */
  constructor(options: TrinoClientOptions) {
    super(createTrinoRunner(options));
  }
}
