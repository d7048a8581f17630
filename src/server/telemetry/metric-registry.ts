export type Labels = Readonly<Record<string, string>>;
export interface Sample {
  labels?: Labels;
  value: number;
}

/** Goes up only; its name ends in `_total`. */
export interface Counter {
  add(labels: Labels, amount?: number): void;
}

export interface Histogram {
  observe(labels: Labels, value: number): void;
}

/** The metrics of one server, in the order in which they were made. */
export interface MetricRegistry {
  counter(name: string, help: string): Counter;
  /** `buckets`: upper bounds, ascending, without infinity. */
  histogram(name: string, help: string, buckets: readonly number[]): Histogram;
  /** `collect` returns the current values; unknown ones are left out. */
  gauge(name: string, help: string, collect: () => Sample[] | Promise<Sample[]>): void;
  /** A counter whose value is counted elsewhere. */
  counted(name: string, help: string, collect: () => Sample[]): void;
  /** Prometheus text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). */
  render(): Promise<string>;
}

export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

interface Metric {
  name: string;
  help: string;
  type: "counter" | "gauge" | "histogram";
  lines(): string[] | Promise<string[]>;
}

export function createMetricRegistry(): MetricRegistry {
  const metrics: Metric[] = [];
  const sampled = (name: string, samples: Sample[]) =>
    samples
      .filter(({ value }) => Number.isFinite(value))
      .map(({ labels = {}, value }) => sampleLine(name, labels, value));
  return {
    counter: (name, help) => {
      const values = new Map<string, number>();
      const lines = () => [...values].map(([series, value]) => `${name}${series} ${value}`);
      metrics.push({ name, help, type: "counter", lines });
      return {
        add: (labels, amount = 1) => {
          const series = labelText(labels);
          values.set(series, (values.get(series) ?? 0) + amount);
        },
      };
    },
    histogram: (name, help, buckets) => {
      const series = new Map<string, HistogramSeries>();
      const lines = () => [...series.values()].flatMap((one) => histogramLines(name, buckets, one));
      metrics.push({ name, help, type: "histogram", lines });
      return {
        observe: (labels, value) => {
          const key = labelText(labels);
          const one = series.get(key) ?? { labels, counts: buckets.map(() => 0), sum: 0, count: 0 };
          series.set(key, one);
          const at = buckets.findIndex((bound) => value <= bound);
          if (at >= 0) one.counts[at] = (one.counts[at] ?? 0) + 1;
          one.sum += value;
          one.count++;
        },
      };
    },
    gauge: (name, help, collect) => {
      metrics.push({ name, help, type: "gauge", lines: async () => sampled(name, await collect()) });
    },
    counted: (name, help, collect) => {
      metrics.push({ name, help, type: "counter", lines: () => sampled(name, collect()) });
    },
    render: async () => {
      const blocks = await Promise.all(
        metrics.map(async ({ name, help, type, lines }) => {
          const found = await Promise.resolve(lines()).catch(() => []); // the others are worth having
          if (found.length === 0) return [];
          return [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`, ...found];
        }),
      );
      return `${blocks.flat().join("\n")}\n`;
    },
  };
}

interface HistogramSeries {
  labels: Labels;
  counts: number[];
  sum: number;
  count: number;
}

/** Buckets count all values up to their bound. */
function histogramLines(name: string, buckets: readonly number[], series: HistogramSeries): string[] {
  const { labels, counts, sum, count } = series;
  let below = 0;
  const lines = buckets.map((bound, at) => {
    below += counts[at] ?? 0;
    return sampleLine(`${name}_bucket`, { ...labels, le: String(bound) }, below);
  });
  return [
    ...lines,
    sampleLine(`${name}_bucket`, { ...labels, le: "+Inf" }, count),
    sampleLine(`${name}_sum`, labels, sum),
    sampleLine(`${name}_count`, labels, count),
  ];
}

function sampleLine(name: string, labels: Labels, value: number): string {
  return `${name}${labelText(labels)} ${value}`;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
