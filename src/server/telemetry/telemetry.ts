import type { ServerDeps } from "../deps.ts";
import { createMetricRegistry, type MetricRegistry } from "./metric-registry.ts";
import { gaugeOperations, gaugeState } from "./metrics.ts";
import { createObserver, type Observe, type ObserveOptions } from "./observe.ts";
import { createSystemFacts } from "./system-facts.ts";
import { createSystemState, type StateSources, type SystemState } from "./system-state.ts";
import { countWork } from "./work-metrics.ts";

/** What is watched of a server. */
export interface Telemetry {
  state: SystemState;
  metrics: MetricRegistry;
  /** Counts, times and logs requests. */
  observe(callerName: ObserveOptions["callerName"]): Observe;
}

export type TelemetryOptions = Pick<
  ServerDeps,
  "lake" | "settings" | "operations" | "supervisor" | "logger" | "version"
> &
  Pick<StateSources, "slots" | "access" | "startedAt" | "isWritable">;

export function createTelemetry(options: TelemetryOptions): Telemetry {
  const { settings, supervisor, logger, version } = options;
  const workers = settings.processing.num_proc;
  const state = createSystemState({ ...options, facts: createSystemFacts(options), workers });
  const metrics = createMetricRegistry();
  gaugeState(metrics, state, version);
  countWork(metrics, supervisor);
  gaugeOperations(metrics, options.operations);
  return {
    state,
    metrics,
    observe: (callerName) => createObserver({ registry: metrics, logger, callerName }),
  };
}
