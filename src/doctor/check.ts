import type { Settings } from "../config.ts";
import { throwIfCancelled } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import type { MountReport } from "../lake/mount-check.ts";
import type { Database } from "../query/database.ts";
import type { PartitionKey } from "../schema/partition.ts";
import { formatCount } from "../util/format.ts";

export type CheckStatus = "ok" | "warning" | "problem";

/** What one check says: `problem` is wrong now, `warning` wants a look. */
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
  /** Whether permissions can be set there, so that they may be asked for. */
  keepsModes: boolean;
  settings: Settings;
  database: Database;
  /** Partitions of the lake when the checks began, sorted. */
  partitions: PartitionKey[];
  /** Look at everything, not at a sample. */
  full: boolean;
  signal: AbortSignal;
  /** How far the check that runs now is. */
  onProgress: (state: { label: string; done: number; total?: number }) => void;
}

/** Looks at one side of a lake and changes nothing; a name and its findings, one `ok` when there is none. */
export interface Check {
  name: string;
  run(context: DoctorContext): Promise<Finding[] | string | Pick<CheckResult, "message" | "details">>;
}

export type Finding = Omit<CheckResult, "name" | "status"> & { status: "warning" | "problem" };

/** How many places a finding lists. */
const SHOWN_PLACES = 20;

export interface Places {
  add(place: string): void;
  readonly count: number;
  readonly shown: readonly string[];
}

/** Counts places and keeps the first ones: a lake with a million mistakes must still fit in memory. */
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

/** A finding about places, or none when there is no place: `assets are missing: 3, the first is provider=...`. */
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

/** Runs a check; an error in it is a problem that it found. */
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
