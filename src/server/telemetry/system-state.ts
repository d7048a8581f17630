import type { Supervisor } from "../../jobs/supervisor.ts";
import { VERIFY } from "../../operations/verify/operation.ts";
import type { JobRecord } from "../../schema/job.ts";
import type { AccessState } from "../../schema/token.ts";
import type { Access } from "../auth/access.ts";
import type { ServedOperations } from "../work/operations.ts";
import type { Slots } from "../work/slots.ts";
import type { CatalogFacts, SystemFacts } from "./system-facts.ts";

/** What a server is at the moment: `GET /status` and `GET /metrics` tell it. */
export interface SystemState {
  facts: SystemFacts;
  startedMs: number;
  uptimeSeconds(): number;
  /** Whether the lake may be written; while it may not, there are answers and no work. */
  isWritable(): boolean;
  access(): AccessState;
  job(): JobRecord | undefined;
  workers(): { total: number; busy: number };
  /** Of the running job; null without one, and while unknown. */
  rates(): { rows_per_second: number | null; bytes_per_second: number | null };
  queue(): Promise<{
    uploads: number;
    queries_running: number;
    queries_waiting: number;
    checks_running: number;
    checks_waiting: number;
  }>;
  catalog(): Promise<(CatalogFacts & { age_seconds: number }) | undefined>;
}

export interface StateSources {
  facts: SystemFacts;
  supervisor: Pick<Supervisor, "running">;
  slots: Pick<Slots, "load">;
  operations: Pick<ServedOperations, "of">;
  access: Pick<Access, "state">;
  workers: number;
  startedAt: string;
  isWritable(): boolean;
}

export function createSystemState(sources: StateSources): SystemState {
  const { facts, supervisor, slots, operations } = sources;
  const startedMs = Date.parse(sources.startedAt);
  return {
    facts,
    startedMs,
    isWritable: sources.isWritable,
    uptimeSeconds: () => Math.max(0, (Date.now() - startedMs) / 1000),
    access: () => sources.access.state,
    job: () => supervisor.running(),
    workers: () => ({ total: sources.workers, busy: supervisor.running()?.progress.workers_busy ?? 0 }),
    rates: () => {
      const progress = supervisor.running()?.progress;
      return {
        rows_per_second: progress?.rows_per_second ?? null,
        bytes_per_second: progress?.bytes_per_second ?? null,
      };
    },
    queue: async () => {
      const { pending } = await facts.uploads();
      const [queries, running] = [slots.load(), operations.of(VERIFY).load()];
      return {
        uploads: pending,
        queries_running: queries.running,
        queries_waiting: queries.waiting,
        checks_running: running.running,
        checks_waiting: running.waiting,
      };
    },
    catalog: async () => {
      const known = await facts.catalog();
      return (
        known && { ...known, age_seconds: Math.max(0, (Date.now() - Date.parse(known.built_at)) / 1000) }
      );
    },
  };
}
