import type { Settings } from "../config.ts";
import { throwIfCancelled } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import type { MountReport } from "../lake/mount-check.ts";
import type { Database } from "../query/database.ts";
import type { PartitionKey } from "../schema/partition.ts";
import { formatCount } from "../util/format.ts";

export type CheckStatus = "ok" | "warning" | "problem";

/** A finding of one check: `problem` is an error, `warning` needs attention. */
export interface CheckResult {
  name: string;
  status: CheckStatus;
  message: string;
  /** What to do. */
  advice?: string;
  details?: Record<string, unknown>;
}

export interface DoctorContext {
  lake: Lake;
  /** Of the lake. */
  mount: MountReport;
  /** Whether permissions can be set there, so that they can be checked. */
  keepsModes: boolean;
  settings: Settings;
  database: Database;
  /** Partitions of the lake when the checks began, sorted. */
  partitions: PartitionKey[];
  /** Check everything, not a sample. */
  full: boolean;
  signal: AbortSignal;
  /** Progress of the running check. */
  onProgress: (state: { label: string; done: number; total?: number }) => void;
}

/** Checks one aspect of a lake and changes nothing; returns its findings, one `ok` if there is none. */
export interface Check {
  name: string;
  run(context: DoctorContext): Promise<Finding[] | string | Pick<CheckResult, "message" | "details">>;
}

export type Finding = Omit<CheckResult, "name" | "status"> & { status: "warning" | "problem" };

/** Number of places that a finding lists. */
const SHOWN_PLACES = 20;

export interface Places {
  add(place: string): void;
  readonly count: number;
  readonly shown: readonly string[];
}

/** Counts places and keeps the first ones: a million errors must fit in memory. */
export function collectPlaces(): Places {
  const shown: string[] = [];
  let count = 0;
  return {
    add: (place) => {
      count++;
      if (shown.length < SHOWN_PLACES) shown.push(place);
    },
    get count() {
      return count;
    },
    shown,
  };
}

/** A finding about places, or none without places: `assets are missing: 3, the first is provider=...`. */
export function placesFinding(
  status: Finding["status"],
  places: Places,
  what: string,
  advice: string,
): Finding[] {
  if (places.count === 0) return [];
  const number = places.count > 1 ? `${formatCount(places.count)}, the first is ` : "";
  const message = `${what}: ${number}${places.shown[0]}`;
  return [{ status, message, advice, details: { count: places.count, places: [...places.shown] } }];
}

/** Runs a check; an error that it throws becomes a problem. */
export async function runCheck(check: Check, context: DoctorContext): Promise<CheckResult[]> {
  throwIfCancelled(context.signal);
  try {
    const found = await check.run(context);
    if (typeof found === "string") return [{ name: check.name, status: "ok", message: found }];
    if (!Array.isArray(found)) return [{ name: check.name, status: "ok", ...found }];
    return found.map((finding) => ({ name: check.name, ...finding }));
  } catch (error) {
    throwIfCancelled(context.signal);
    const message = error instanceof Error ? error.message : String(error);
    return [{ name: check.name, status: "problem", message }];
  }
}
