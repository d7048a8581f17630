import { Elysia } from "elysia";
import type { ServerDeps } from "./deps.ts";
import { METRICS_TYPE } from "./metric-registry.ts";
import { READS } from "./route-table.ts";

/** GET /metrics. */
export function metricsRoutes({ metrics }: Pick<ServerDeps, "metrics">) {
  return new Elysia({ name: "metrics" }).get(
    "/metrics",
    async () => new Response(await metrics.render(), { headers: { "content-type": METRICS_TYPE } }),
    { detail: { summary: "Counters and gauges for Prometheus, as text", ...READS } },
  );
}
