import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { BenchContext } from "./benchmark.ts";
import { runCommand, type Sample } from "./measure.ts";

/** A lake of its own for a benchmark, driven through the binary as a user would. */
export interface BenchLake {
  root: string;
  env: Record<string, string>;
  /** Runs `datalake ...args --json` on this lake. */
  run(...args: string[]): Promise<Sample>;
  upload(input: string, dataset: string, ...more: string[]): Promise<Sample>;
  process(...more: string[]): Promise<Sample>;
}

export async function createBenchLake(context: BenchContext, name = "lake"): Promise<BenchLake> {
  const root = join(context.work, name);
  await mkdir(context.work, { recursive: true });
  const env = {
    DATALAKE_LAKE: root,
    // The native libraries stay unpacked between benchmarks; what an index costs is measured.
    DATALAKE_CACHE: join(context.corpora, "..", "bench-cache"),
    DATALAKE_SCRATCH: join(context.work, "scratch"),
    CI: "1",
  };
  const run = (...args: string[]) => runCommand([context.binary, ...args, "--json", "--quiet"], { env });
  await run("init", root);
  await run("config", "provider", "create", "bench");
  await run(
    "config",
    "task",
    "create",
    "ocr",
    "--required",
    "lang,src",
    "--allow",
    "lang=ko,en",
    "--allow",
    "src=real",
  );
  return {
    root,
    env,
    run,
    upload: (input, dataset, ...more) =>
      run("upload", input, "--type", "raw", "--provider", "bench", "--dataset", dataset, ...more),
    process: (...more) => run("process", "start", "--wait", ...more),
  };
}
