import { StatementEngine } from "../statement/engine.ts";
import { createTrinoRunner, type TrinoOptions } from "./runner.ts";

export type TrinoClientOptions = TrinoOptions;

/** A Trino server with the tables of `datalake sync --to trino`. */
export class TrinoClient extends StatementEngine {
  /** Throws `invalid_config` for credentials over an unencrypted connection. */
  constructor(options: TrinoClientOptions) {
    super(createTrinoRunner(options));
  }
}
