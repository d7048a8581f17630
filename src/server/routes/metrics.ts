import { Elysia } from "elysia";
import type { ServerDeps } from "../deps.ts";
import { READS } from "../http/route-table.ts";
import { METRICS_TYPE } from "../telemetry/metric-registry.ts";

/** GET /metrics. */
export function metricsRoutes({ metrics }: Pick<ServerDeps, "metrics">) {
  return new Elysia({ name: "metrics" }).get(
    "/metrics",
    async () => new Response(await metrics.render(), { headers: { "content-type": METRICS_TYPE } }),
    { detail: { summary: "Counters and gauges for Prometheus, as text", ...READS } },
  );
}
