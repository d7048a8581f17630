import { throwIfCancelled } from "../errors.ts";
import { listPartitions } from "../lake/manifests.ts";
import { examineMount } from "../lake/mount-check.ts";
import type { View } from "../lake/view.ts";
import { openDatabase } from "../query/database.ts";
import type { CheckResult } from "../schema/doctor.ts";
import { assetCheck } from "./assets.ts";
import { catalogCheck } from "./catalog.ts";
import { type Check, type DoctorContext, runCheck } from "./check.ts";
import { layoutCheck, permissionCheck } from "./layout.ts";
import { mountCheck } from "./mount.ts";
import { nameCheck } from "./names.ts";
import { partitionCheck } from "./partitions.ts";
import { serverCheck } from "./server.ts";
import { spaceCheck } from "./space.ts";
import { leftoverCheck, uploadCheck } from "./staging.ts";
import { tokenCheck } from "./tokens.ts";

/** Waits until the mount can no longer show the state of the given time. */
async function outlast(view: View, seenMs: number, signal: AbortSignal): Promise<void> {
  const leftMs = () => seenMs + view.staleMs - performance.now();
  if (leftMs() > 0) {
    view.onWait("checking findings again, because this mount may show an old state of the lake");
  }
  while (leftMs() > 0) {
    throwIfCancelled(signal);
    await Bun.sleep(Math.min(200, Math.max(1, leftMs())));
  }
}

/** All checks, cheapest first. */
export const CHECKS: readonly Check[] = [
  layoutCheck,
  mountCheck,
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
 * Runs the checks and yields the results of each when it ends. On a mount with stale views, a check with
 * findings is repeated after the view has expired, before it is reported. Read-only; memory does not grow
 * with the lake. Throws `cancelled`.
 */
export async function* examineLake(
  options: Omit<DoctorContext, "database" | "partitions" | "mount" | "keepsModes">,
): AsyncGenerator<CheckResult> {
  const { lake, settings } = options;
  const database = await openDatabase({
    scratch: settings.scratchFolder,
    memory: settings.database.memory,
    threads: settings.database.threads,
  });
  try {
    const again: { check: Check; startedMs: number }[] = [];
    const lags = await lake.view.mayLag(lake.root);
    const mount = await examineMount(lake.layout);
    const keepsModes = mount.facts?.modes ?? mount.mount.isLocal;
    let partitions = await listPartitions(lake);
    const look = (check: Check) => runCheck(check, { ...options, database, partitions, mount, keepsModes });
    for (const check of CHECKS) {
      const startedMs = performance.now();
      const results = await look(check);
      if (!lags || check === mountCheck || results.every(({ status }) => status === "ok")) yield* results;
      else again.push({ check, startedMs });
    }
    for (const { check, startedMs } of again) {
      await outlast(lake.view, startedMs, options.signal);
      partitions = await listPartitions(lake);
      yield* await look(check);
    }
  } finally {
    database.close();
  }
}
