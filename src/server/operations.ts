import type { ServerDeps } from "./deps.ts";
import { createMetricRegistry, type MetricRegistry } from "./metric-registry.ts";
import { gaugeState } from "./metrics.ts";
import { createObserver, type Observe, type ObserveOptions } from "./observe.ts";
import { createRouteNames, type NamedRoute } from "./route-names.ts";
import { createSystemFacts } from "./system-facts.ts";
import { createSystemState, type StateSources, type SystemState } from "./system-state.ts";
import { countWork } from "./work-metrics.ts";

/** What is watched of a server. */
export interface Operations {
  state: SystemState;
  metrics: MetricRegistry;
  /** Counts, times and logs requests of these routes. */
  observe(routes: readonly NamedRoute[], callerName: ObserveOptions["callerName"]): Observe;
}

export type OperationsOptions = Pick<ServerDeps, "lake" | "settings" | "supervisor" | "logger" | "version"> &
  Pick<StateSources, "slots" | "checks" | "access" | "startedAt" | "isWritable">;

export function createOperations(options: OperationsOptions): Operations {
  const { settings, supervisor, logger, version } = options;
  const workers = settings.processing.num_proc;
  const state = createSystemState({ ...options, facts: createSystemFacts(options), workers });
  const metrics = createMetricRegistry();
  gaugeState(metrics, state, version);
  countWork(metrics, supervisor);
  return {
    state,
    metrics,
    observe: (routes, callerName) =>
      createObserver({ registry: metrics, logger, routeOf: createRouteNames(routes), callerName }),
  };
}
