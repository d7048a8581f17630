import type { Settings } from "../config.ts";
import { throwIfCancelled } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import type { MountReport } from "../lake/mount-check.ts";
import type { Database } from "../query/database.ts";
import type { CheckResult } from "../schema/doctor.ts";
import type { PartitionKey } from "../schema/partition.ts";
import { formatCount } from "../util/format.ts";

export interface DoctorContext {
  lake: Lake;
  mount: MountReport;
  /** Whether the mount stores permissions; otherwise they are not checked. */
  keepsModes: boolean;
  settings: Settings;
  database: Database;
  /** Partitions when the checks began, sorted. */
  partitions: PartitionKey[];
  /** Check everything instead of a sample. */
  full: boolean;
  signal: AbortSignal;
  onProgress: (state: { label: string; done: number; total?: number }) => void;
}

/** A read-only check of one aspect of a lake; returns its findings, or a single `ok`. */
export interface Check {
  name: string;
  run(context: DoctorContext): Promise<Finding[] | string | Pick<CheckResult, "message" | "details">>;
}

export type Finding = Omit<CheckResult, "name" | "status"> & { status: "warning" | "problem" };

const SHOWN_PLACES = 20;

export interface Places {
  add(place: string): void;
  readonly count: number;
  readonly shown: readonly string[];
}

/** Counts places and keeps the first ones, so that memory stays bounded with a million errors. */
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

/** Builds the finding for these places, or none: `assets are missing: 3, the first is provider=...`. */
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
