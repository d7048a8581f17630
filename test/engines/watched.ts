import { createServer } from "node:net";
import { join } from "node:path";

/**
 * Runs the command behind `$2` until standard input ends, which it does with the process that holds its other end; then
 * removes the folder `$1`. Ctrl-C at the terminal reaches this process too, and is left to that one.
 */
const WATCHED = `
  trap '' INT TERM HUP
  folder=$1; shift
  exec 3<&0
  "$@" & server=$!
  (cat <&3 >/dev/null; kill -9 $server; while kill -0 $server; do sleep 0.1; done; rm -rf "$folder") 2>/dev/null &
  wait $server`;

/**
 * Starts a server that ends with this process, however that ends, and then takes its folder with it. What it prints is
 * in `<name>.log` and `<name>.err` of the folder.
 */
export function spawnWatched(name: string, folder: string, command: readonly string[]): Bun.Subprocess {
  const child = Bun.spawn(["sh", "-c", WATCHED, name, folder, ...command], {
    stdin: "pipe",
    stdout: Bun.file(join(folder, `${name}.log`)),
    stderr: Bun.file(join(folder, `${name}.err`)),
    cwd: folder,
  });
  child.unref();
  return child;
}

const ATTEMPTS = 3;

/** Starts a server on a free port; on another one when somebody takes that first. */
export async function startOnFreePort(start: (port: number) => Promise<string>): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePort());
    } catch (error) {
      const isTaken =
        error instanceof Error &&
        /address already in use|port \d+ is in use|failed to bind/i.test(error.message);
      if (!isTaken || attempt === ATTEMPTS) throw error;
    }
  }
}

/** A port that is free now. */
function freePort(): Promise<number> {
  return new Promise((give, refuse) => {
    const server = createServer();
    server.once("error", refuse);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => give(port));
    });
  });
}
