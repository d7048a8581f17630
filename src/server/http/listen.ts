import { AppError, systemCode } from "../../errors.ts";
import type { Certificate } from "./certificate.ts";
import { problem } from "./problem.ts";

/**
 * Of a silent connection, and of one whose body comes slower than some 16 KB/s; headers have 12 s to be there,
 * however they trickle (the runtime's own limits).
 */
const IDLE_TIMEOUT_SECONDS = 30;
/** Larger bodies are read by routes that stream them; this stops what does not end. */
const MAX_STREAM_BYTES = 2 ** 50;

/** Listens for requests and passes each to `answer`. Throws `in_use` for a port that is taken. */
export function listen(
  hostname: string,
  port: number,
  tls: Certificate | undefined,
  answer: (request: Request, address: string) => Promise<Response>,
) {
  try {
    return Bun.serve({
      hostname,
      port,
      reusePort: false,
      // Its error pages show source code.
      development: false,
      error: (thrown) => problem(thrown),
      idleTimeout: IDLE_TIMEOUT_SECONDS,
      maxRequestBodySize: MAX_STREAM_BYTES,
      ...(tls && { tls }),
      fetch: (request, server) => answer(request, server.requestIP(request)?.address ?? ""),
    });
  } catch (cause) {
    if (systemCode(cause) !== "EADDRINUSE") throw cause;
    throw new AppError(
      "in_use",
      `port ${port} on ${hostname} is in use by another program; choose one with --port`,
      {
        cause,
      },
    );
  }
}

const DRAIN_TIMEOUT_MS = 1000;

/** Requests in flight end; event streams, which would never, are cut. */
export async function stopListening(server: ReturnType<typeof listen>): Promise<void> {
  const drained = server.stop();
  await Promise.race([drained, Bun.sleep(DRAIN_TIMEOUT_MS)]);
  await server.stop(true);
}
