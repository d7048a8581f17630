import { listPartitions } from "../../lake/manifests.ts";
import { openDatabase } from "../../query/database.ts";
import { assetCheck } from "./assets.ts";
import { catalogCheck } from "./catalog.ts";
import { type Check, type CheckResult, type DoctorContext, runCheck } from "./check.ts";
import { layoutCheck, permissionCheck } from "./layout.ts";
import { nameCheck } from "./names.ts";
import { partitionCheck } from "./partitions.ts";
import { serverCheck } from "./server.ts";
import { spaceCheck } from "./space.ts";
import { leftoverCheck, uploadCheck } from "./staging.ts";
import { tokenCheck } from "./tokens.ts";

/** Every check, cheapest first. */
export const CHECKS: readonly Check[] = [
  layoutCheck,
  nameCheck,
  permissionCheck,
  spaceCheck,
  serverCheck,
  tokenCheck,
  uploadCheck,
  leftoverCheck,
  partitionCheck,
  catalogCheck,
  assetCheck,
];

/**
 * Examines a lake and gives each check's results as it ends. Nothing of the lake is changed; memory does not grow with
 * it. Throws `cancelled`.
 */
export async function* examineLake(
  options: Omit<DoctorContext, "database" | "partitions">,
): AsyncGenerator<CheckResult> {
  const { lake, settings } = options;
  const database = await openDatabase({
    scratch: settings.scratchFolder,
    memory: settings.database.memory,
    threads: settings.database.threads,
  });
  try {
    const partitions = await listPartitions(lake);
    for (const check of CHECKS) yield* await runCheck(check, { ...options, database, partitions });
  } finally {
    database.close();
  }
}
