/**
 * `bun run bench [NAME...] [--scale 0.1] [--runs 5]`: times the compiled binary beside its floors, in turn in one run,
 * and prints medians and ratios. Corpora are made once, under .cache/bench.
 */
import { mkdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { BenchContext, Result } from "./benchmark.ts";
import { catalogBenchmarks } from "./catalog.ts";
import { downloadBenchmarks } from "./download.ts";
import { growthBenchmarks } from "./growth.ts";
import { imageBenchmarks } from "./images.ts";
import { loadBenchmarks } from "./load.ts";
import { pageBenchmarks } from "./page.ts";
import { pdfBenchmarks } from "./pdf.ts";
import { schemaBenchmarks } from "./schemas.ts";
import { searchBenchmarks } from "./search.ts";
import { startBenchmarks } from "./start.ts";
import { syncBenchmarks } from "./sync.ts";
import { trainingBenchmarks } from "./training.ts";
import { webBenchmarks } from "./web.ts";
import { zipBenchmarks } from "./zips.ts";

const ALL = [
  ...startBenchmarks,
  ...imageBenchmarks,
  ...pdfBenchmarks,
  ...zipBenchmarks,
  ...catalogBenchmarks,
  ...schemaBenchmarks,
  ...downloadBenchmarks,
  ...growthBenchmarks,
  ...searchBenchmarks,
  ...loadBenchmarks,
  ...syncBenchmarks,
  ...trainingBenchmarks,
  ...webBenchmarks,
  ...pageBenchmarks,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { scale: { type: "string", default: "1" }, runs: { type: "string", default: "3" } },
});
const chosen =
  positionals.length === 0 ? ALL : ALL.filter(({ name }) => positionals.some((word) => isMeant(name, word)));
const root = resolve(import.meta.dir, "../..");
const cache = join(root, ".cache", "bench");
const results: Result[] = [];
for (const benchmark of chosen) {
  const context: BenchContext = {
    binary: join(root, "dist", "datalake"),
    corpora: join(cache, "corpora"),
    work: join(cache, `work-${benchmark.name}`),
    runs: Number(values.runs),
    scale: Number(values.scale),
  };
  await mkdir(context.corpora, { recursive: true });
  await rm(context.work, { recursive: true, force: true });
  await mkdir(context.work, { recursive: true });
  try {
    for (const result of await benchmark.run(context)) {
      results.push(result);
      print(result);
    }
  } finally {
    await rm(context.work, { recursive: true, force: true });
  }
}
// The names of jobs say what is measured as a rule.
if (values.scale !== "1")
  process.stdout.write(`at --scale ${values.scale}: counts in the names above are those of --scale 1\n`);
const missed = results.filter((result) => result.value > result.limit);
process.stdout.write(`${results.length - missed.length} of ${results.length} within their limit\n`);

/** `web` means all of `web-rows`, `web-datasets`... */
function isMeant(name: string, word: string): boolean {
  return name === word || name.startsWith(`${word}-`);
}

function print(result: Result): void {
  const verdict = result.value <= result.limit ? "within" : "OVER";
  const against = result.floor === "" ? "" : ` against ${result.floorFigure} (${result.floor})`;
  const value = result.value.toFixed(result.unit === "MB" ? 0 : result.unit === "ms" ? 1 : 2);
  const note = result.note === undefined ? "" : `; ${result.note}`;
  process.stdout.write(
    `${result.job}: ${result.jobFigure}${against} = ${value} ${result.unit}, ${verdict} ${result.limit} ${result.unit}${note}\n`,
  );
}
