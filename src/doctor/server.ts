import type { Check } from "./check.ts";

const TIMEOUT_MS = 5000;

/** Checks that the configured server responds. */
export const serverCheck: Check = {
  name: "server",
  run: async ({ settings, signal }) => {
    const { namedServer: server, token } = settings;
    if (server === undefined) return "none configured";
    const advice = "start it with `datalake serve`, or correct --server (DATALAKE_SERVER)";
    const details = { server };
    try {
      const response = await fetch(new URL("/health", server), {
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      });
      await response.body?.cancel();
      if (response.ok) return `${server} answers`;
      const message = `${server} answers with HTTP status ${response.status}`;
      return [{ status: "problem", message, advice, details }];
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return [{ status: "problem", message: `${server} does not answer: ${reason}`, advice, details }];
    }
  },
};
