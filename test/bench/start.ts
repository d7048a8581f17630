import type { Benchmark, Result } from "./benchmark.ts";
import { createBenchLake } from "./lake.ts";
import { median, runCommand } from "./measure.ts";

/** Start-up, as a person feels it: the whole process, cache of native libraries warm. */
const start: Benchmark = {
  name: "start",
  run: async (context) => {
    const lake = await createBenchLake(context);
    await lake.run("catalog", "rebuild");
    const rows: [string, string[], number][] = [
      ["--version", ["--version"], 0.05],
      ["--help", ["--help"], 0.05],
      ["catalog info", ["catalog", "info"], 0.25],
    ];
    const results: Result[] = [];
    for (const [job, args, limit] of rows) {
      const seconds: number[] = [];
      for (let run = 0; run < Math.max(10, context.runs); run++) {
        seconds.push((await runCommand([context.binary, ...args], { env: lake.env })).seconds);
      }
      const value = median(seconds);
      const jobFigure = `${(value * 1000).toFixed(0)} ms`;
      results.push({ job, floor: "", jobFigure, floorFigure: "", value, limit, unit: "s" });
    }
    return results;
  },
};

export const startBenchmarks = [start];
