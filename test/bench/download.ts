import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Benchmark, ratioResult } from "./benchmark.ts";
import { fillLabels } from "./catalog.ts";
import { pages } from "./images.ts";
import { createBenchLake } from "./lake.ts";
import { compareInTurn, median, runCommand } from "./measure.ts";

const embed: Benchmark = {
  name: "embed",
  run: async (context) => {
    const lake = await createBenchLake(context);
    await lake.upload(await pages(context), "pages", "--verify", "header");
    await lake.process();
    const output = join(context.work, "dataset");
    const copy = join(context.work, "copy");
    let peakBytes = 0;
    const measured = await compareInTurn(
      context.runs,
      async () => {
        const sample = await lake.run(
          "download",
          "--output",
          output,
          "--format",
          "dataset",
          "--images",
          "embed",
        );
        peakBytes = Math.max(peakBytes, sample.peakBytes);
        await rm(output, { recursive: true });
        return sample.seconds;
      },
      async () => {
        const { seconds } = await runCommand(["cp", "-r", join(lake.root, "assets"), copy]);
        await rm(copy, { recursive: true, force: true });
        return seconds;
      },
    );
    const megabytes = peakBytes / 1e6;
    return [
      ratioResult("download dataset, embed", "cp of the same bytes", measured, 3),
      {
        ...memoryResult("download dataset, embed: RSS"),
        jobFigure: `${megabytes.toFixed(0)} MB`,
        value: megabytes,
        limit: 500,
      },
    ];
  },
};

const reference: Benchmark = {
  name: "reference",
  run: async (context) => {
    const lake = await createBenchLake(context);
    await fillLabels(context, lake);
    const output = join(context.work, "dataset");
    const seconds: number[] = [];
    for (let run = 0; run < context.runs; run++) {
      const sample = await lake.run(
        "download",
        "--output",
        output,
        "--format",
        "dataset",
        "--images",
        "reference",
      );
      seconds.push(sample.seconds);
      await rm(output, { recursive: true });
    }
    const value = median(seconds);
    return [
      {
        job: "download dataset, reference, 1,000,000 rows",
        floor: "",
        jobFigure: `${value.toFixed(2)} s`,
        floorFigure: "",
        value,
        limit: 10,
        unit: "s",
      },
    ];
  },
};

export function memoryResult(job: string) {
  return { job, floor: "", floorFigure: "", unit: "MB" as const };
}

export const downloadBenchmarks = [embed, reference];
