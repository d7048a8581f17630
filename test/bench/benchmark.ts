/** One row of the table that `bun run bench` prints. */
export interface Result {
  job: string;
  floor: string;
  jobFigure: string;
  floorFigure: string;
  /** What is compared with the limit: a ratio, a time or bytes. */
  value: number;
  limit: number;
  unit: "x" | "s" | "ms" | "MB";
  note?: string;
}

export interface BenchContext {
  /** The compiled binary. */
  binary: string;
  /** Corpora, kept between runs. */
  corpora: string;
  /** Empty folder for this benchmark, removed afterwards. */
  work: string;
  runs: number;
  /** 1 for the full size; less makes everything smaller, for a look. */
  scale: number;
}

export interface Benchmark {
  name: string;
  run(context: BenchContext): Promise<Result[]>;
}

export function ratioResult(
  job: string,
  floor: string,
  measured: { jobSeconds: number; floorSeconds: number; ratio: number },
  limit: number,
  note?: string,
): Result {
  return {
    job,
    floor,
    jobFigure: formatSeconds(measured.jobSeconds),
    floorFigure: formatSeconds(measured.floorSeconds),
    value: measured.ratio,
    limit,
    unit: "x",
    ...(note === undefined ? {} : { note }),
  };
}

export function formatSeconds(seconds: number): string {
  return seconds < 10 ? `${seconds.toFixed(2)} s` : `${seconds.toFixed(1)} s`;
}
