/**
 * `bun run build` makes dist/datalake for this machine; `--target linux-arm64` makes dist/datalake-linux-arm64;
 * `--all` makes one for every target, and dist/SHA256SUMS. `--no-heic` leaves out libheif: HEIC is then refused. `--lance`
 * puts LanceDB's library of 200 MB in, into dist/datalake-lance: `--format lance` is refused without it.
 */
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bindDuckdb } from "./.ci/build/bind-symbols.ts";
import { checkBinary } from "./.ci/build/check.ts";
import { leaveOut, nativePlugin, quickPlugin } from "./.ci/build/plugin.ts";
import { TARGETS, type Target, targetParts } from "./.ci/build/targets.ts";
import { uiPlugin } from "./.ci/build/ui.ts";
import manifest from "./package.json" with { type: "json" };

const root = import.meta.dir;
const { values } = parseArgs({
  options: {
    target: { type: "string" },
    all: { type: "boolean" },
    "no-heic": { type: "boolean" },
    lance: { type: "boolean" },
  },
});
const heic = values["no-heic"] !== true;
const lance = values.lance === true;
/** Beside the usual one, which tests run. */
const ending = lance ? "-lance" : "";

try {
  await main();
} catch (error) {
  // A failed bundle carries one error for each place.
  const all = error instanceof AggregateError ? error.errors : [error];
  for (const one of all) process.stderr.write(`${one instanceof Error ? one.message : String(one)}\n`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  if (values.all) {
    const sums: string[] = [];
    for (const target of TARGETS)
      sums.push(`${await buildBinary(target, `datalake-${target}${ending}`)}  datalake-${target}${ending}\n`);
    await writeFile(join(root, "dist", "SHA256SUMS"), sums.join(""));
  } else if (values.target !== undefined) {
    await buildBinary(asTarget(values.target), `datalake-${values.target}${ending}`);
  } else {
    const here = asTarget(`${process.platform}-${process.arch}`);
    await buildBinary(here, `datalake${ending}`, process.execPath);
  }
}

/** Builds dist/<name>, put there by rename so that a running one is not disturbed; gives its SHA-256. */
async function buildBinary(target: Target, name: string, runtime?: string): Promise<string> {
  const started = performance.now();
  const folder = join(root, "dist");
  const parts = await bindDuckdb(await targetParts(target, { runtime, lance }), join(folder, ".native"));
  // The bundle carries the name of its file: the same sources give the same bytes.
  const freshFolder = join(folder, `.build-${process.pid}`);
  const fresh = join(freshFolder, name);
  await mkdir(freshFolder, { recursive: true });
  try {
    const result = await Bun.build({
      entrypoints: [join(root, "src/main.ts"), join(root, "src/worker.ts")],
      root: join(root, "src"),
      // What a command does not import is not even parsed: --version in 20 ms instead of 70.
      splitting: true,
      // Compiled ahead: what a command imports is not parsed when it starts, which is most of its time.
      bytecode: true,
      format: "esm",
      plugins: [
        ...(lance ? [] : [leaveOut(/^@lancedb\//)]),
        nativePlugin(parts.libraries),
        quickPlugin(),
        await uiPlugin(join(folder, ".ui")),
        ...(heic ? [] : [leaveOut(/^libheif-js\//)]),
      ],
      // Names of functions and parameters stay: Elysia reads them from Function.toString().
      minify: { whitespace: true, syntax: true, identifiers: false },
      define: {
        DATALAKE_VERSION: JSON.stringify(manifest.version),
        DATALAKE_HEIC: String(heic),
        DATALAKE_LANCE: String(lance),
      },
      // A .env or bunfig.toml of the folder it is started in is none of its business.
      compile: {
        target: `bun-${target}`,
        outfile: fresh,
        executablePath: parts.runtime,
        autoloadDotenv: false,
        autoloadBunfig: false,
      },
    });
    for (const log of result.logs) process.stderr.write(`${log}\n`);
    const report = await checkBinary(fresh, parts);
    await rename(fresh, join(folder, name));
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    process.stdout.write(`dist/${name}: ${report.summary}, ${seconds} s\n`);
    return report.sha256;
  } finally {
    await rm(freshFolder, { recursive: true, force: true });
  }
}

function asTarget(text: string): Target {
  const found = TARGETS.find((target) => target === text);
  if (found === undefined) throw new Error(`${text} is not a target; choose one of ${TARGETS.join(", ")}`);
  return found;
}
