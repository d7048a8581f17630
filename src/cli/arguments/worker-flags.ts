import type { Settings } from "../../config.ts";
import { AppError } from "../../errors.ts";

/** `--num-proc` and `--batch-size`, which win over the settings of a job. */
export interface WorkerFlags {
  numProc?: number | undefined;
  batchSize?: number | undefined;
}

export function checkWorkerFlags({ numProc, batchSize }: WorkerFlags): void {
  for (const [flag, value] of [
    ["--num-proc", numProc],
    ["--batch-size", batchSize],
  ] as const) {
    if (value === undefined || (Number.isSafeInteger(value) && value > 0)) continue;
    throw new AppError(
      "usage",
      `${flag} ${value} is not a number of at least 1; leave it out to use the settings`,
    );
  }
}

export function withWorkerFlags(settings: Settings, flags: WorkerFlags): Settings {
  checkWorkerFlags(flags);
  const { processing } = settings;
  return {
    ...settings,
    processing: {
      ...processing,
      num_proc: flags.numProc ?? processing.num_proc,
      batch_size: flags.batchSize ?? processing.batch_size,
    },
  };
}
