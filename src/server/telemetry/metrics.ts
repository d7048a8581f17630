import type { ServedOperations } from "../work/operations.ts";
import type { MetricRegistry, Sample } from "./metric-registry.ts";
import type { SystemState } from "./system-state.ts";

/** Gauges of the long operations, by name. */
export function gaugeOperations(registry: MetricRegistry, { all }: ServedOperations): void {
  const count = (state: "running" | "waiting") => () =>
    all.map(({ operation, load }) => ({ labels: { operation: operation.name }, value: load()[state] }));
  registry.gauge("datalake_operations_running", "Long operations that run, by name.", count("running"));
  registry.gauge("datalake_operations_waiting", "Long operations that wait in a queue.", count("waiting"));
}

/** Gauges of what the server, its lake and its process are at the moment they are asked for. */
export function gaugeState(registry: MetricRegistry, state: SystemState, version: string): void {
  const one = (value: number | undefined): Sample[] => (value === undefined ? [] : [{ value }]);
  const uploads = async () =>
    Object.entries(await state.facts.uploads()).map(([name, value]) => ({ labels: { state: name }, value }));
  registry.gauge("datalake_build_info", "The version of the program, as a label.", () => [
    { labels: { version }, value: 1 },
  ]);
  registry.gauge("datalake_uploads", "Uploads in staging, by state.", uploads);
  registry.gauge("datalake_jobs_running", "Jobs that run.", () => [
    { value: state.job() === undefined ? 0 : 1 },
  ]);
  registry.gauge("datalake_workers", "Worker threads, busy and in total.", () => {
    const { busy, total } = state.workers();
    return [
      { labels: { state: "busy" }, value: busy },
      { labels: { state: "total" }, value: total },
    ];
  });
  registry.gauge("datalake_queue_length", "Waiting work, by kind.", async () => {
    const { uploads: pending, queries_waiting, checks_waiting } = await state.queue();
    return [
      { labels: { kind: "uploads" }, value: pending },
      { labels: { kind: "queries" }, value: queries_waiting },
      { labels: { kind: "checks" }, value: checks_waiting },
    ];
  });
  registry.gauge("datalake_queries_running", "Queries that run.", async () =>
    one((await state.queue()).queries_running),
  );
  const catalog = async () => state.catalog();
  registry.gauge("datalake_catalog_generation", "Generation of the published catalog.", async () =>
    one((await catalog())?.generation),
  );
  registry.gauge("datalake_catalog_rows", "Rows of the published catalog.", async () =>
    one((await catalog())?.rows),
  );
  registry.gauge("datalake_catalog_partitions", "Partitions of the published catalog.", async () =>
    one((await catalog())?.partitions),
  );
  registry.gauge(
    "datalake_catalog_partitions_left_out",
    "Partitions whose newest rows the published catalog does not hold.",
    async () => one((await catalog())?.left_out.length),
  );
  registry.gauge("datalake_catalog_bytes", "Size of the published catalog.", async () =>
    one((await catalog())?.bytes),
  );
  registry.gauge("datalake_catalog_age_seconds", "Time since the catalog was published.", async () =>
    one((await catalog())?.age_seconds),
  );
  registry.gauge("datalake_disk_free_bytes", "Free on the file system of the lake.", async () =>
    one((await state.facts.disk())?.free_bytes),
  );
  registry.gauge("datalake_disk_total_bytes", "Size of the file system of the lake.", async () =>
    one((await state.facts.disk())?.total_bytes),
  );
  registry.gauge("process_resident_memory_bytes", "Memory of the server's own process.", () => [
    { value: process.memoryUsage.rss() },
  ]);
  registry.counted("process_cpu_seconds_total", "Processor time of the server's own process.", () => {
    const { user, system } = process.cpuUsage();
    return [{ value: (user + system) / 1e6 }];
  });
  registry.gauge("process_start_time_seconds", "When the server started, in Unix time.", () => [
    { value: state.startedMs / 1000 },
  ]);
  registry.gauge("datalake_uptime_seconds", "Time since the server started.", () => [
    { value: state.uptimeSeconds() },
  ]);
}
