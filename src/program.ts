/** The program: its streams, its signals and its hidden commands. `main.ts` and tests start it, with their operations. */
import { writeSync } from "node:fs";
import { followWrites } from "./cli/terminal/streams.ts";
import type { AnyOperation } from "./operations/operation.ts";

declare const DATALAKE_VERSION: string | undefined;

/** Stamped by the build; its absence tells that the sources run. */
const built = typeof DATALAKE_VERSION === "string" ? DATALAKE_VERSION : undefined;
const argv = process.argv.slice(2);

/** Does what the arguments say, and ends the process. */
export async function runProgram(loadOperations: () => Promise<readonly AnyOperation[]>): Promise<never> {
  process.stdout.on("error", endWithoutReader);
  // Nobody reads what is said on the way: the work goes on, and its exit code tells how it ended.
  process.stderr.on("error", () => {});
  const [stdoutWritten, stderrWritten] = [followWrites(process.stdout), followWrites(process.stderr)];
  const exitCode = await run(loadOperations);
  await stdoutWritten().catch(endWithoutReader);
  await stderrWritten().catch(() => {});
  process.exit(exitCode);
}

async function run(loadOperations: () => Promise<readonly AnyOperation[]>): Promise<number> {
  const version = built ?? "0.0.0-dev";
  if (argv.length === 1 && argv[0] === "--version") {
    process.stdout.write(`${version}\n`);
    return 0;
  }
  // Written here, directly in src/, because in the executable every module's URL is that of its root.
  const workerUrl = new URL("./worker.ts", import.meta.url);
  const signal = cancelOnSignal();
  if (argv[0] === "__work") {
    // The child of a server or of `process start`: its parent tells it when to stop, a signal to all does not.
    const { ownStreams, runChild } = await import("./jobs/child.ts");
    return runChild(workerUrl, ownStreams());
  }
  if (argv[0] === "__thumbs") {
    const { serveThumbs } = await import("./server/page/thumb-child.ts");
    return serveThumbs(Bun.stdin.stream(), (line) => process.stdout.write(line));
  }
  if (argv[0] === "__query") {
    const { runSandboxChild } = await import("./query/duckdb/sandbox-child.ts");
    return runSandboxChild(Bun.stdin.stream());
  }
  if (argv[0] === "__documents") {
    // The child that reads other people's documents: its parent ends it.
    const { runDocumentsChild } = await import("./documents/child.ts");
    return runDocumentsChild(Bun.stdin.stream());
  }
  if (argv[0] === "__run") {
    const { serveChild } = await import("./operations/serve-child.ts");
    const write = (line: string) => process.stdout.write(line);
    return serveChild(argv[1] ?? "", await loadOperations(), { input: Bun.stdin.stream(), write });
  }
  const { runCli } = await import("./cli/run.ts");
  return runCli(argv, {
    signal,
    version,
    workerUrl,
    loadOperations,
    selfCommand: built === undefined ? [process.execPath, Bun.main] : [process.execPath],
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
  });
}

/** The first SIGINT or SIGTERM asks the command to stop; the second one does not ask. */
function cancelOnSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
    });
  }
  return controller.signal;
}

/** A reader that has gone (`datalake search ... | head`) wants no more; any other failure loses what was asked for. */
function endWithoutReader(error: NodeJS.ErrnoException): never {
  if (error.code === "EPIPE") process.exit(0);
  try {
    writeSync(
      2,
      `datalake: the output cannot be written: ${error.message}; free some space or name another place\n`,
    );
  } catch {
    // nobody hears it
  }
  process.exit(1);
}
