/**
 * `bun with-shared-servers.ts COMMAND...` runs the command; whoever in it asks for Trino or the S3 server gets the one
 * that all share, started when first asked for. They end with this process.
 */
import { startMoto } from "./moto.ts";
import { startTrino } from "./trino.ts";

const start: Record<string, () => Promise<string>> = { "/trino": startTrino, "/moto": startMoto };
const running = new Map<string, Promise<string>>();

const keeper = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  idleTimeout: 0,
  fetch: async (request) => {
    const { pathname } = new URL(request.url);
    const starting = running.get(pathname) ?? start[pathname]?.();
    if (starting === undefined) return new Response("no such server", { status: 404 });
    running.set(pathname, starting);
    return starting.then(
      (url) => new Response(url),
      (error) => new Response(String(error?.message ?? error), { status: 500 }),
    );
  },
});

const child = Bun.spawn(process.argv.slice(2), {
  env: { ...process.env, DATALAKE_TEST_SERVERS: String(keeper.url) },
  stdio: ["inherit", "inherit", "inherit"],
});
process.exit(await child.exited);
