import { AppError } from "../../errors.ts";
import { defineCommand } from "../arguments/command.ts";
import { withWorkerFlags } from "../arguments/worker-flags.ts";

export const serveCommand = defineCommand({
  summary: "Serve a lake over HTTP and process uploads",
  flags: {
    host: { type: "text", description: "Address to listen on", placeholder: "HOST" },
    port: { type: "number", description: "Port to listen on; 0 selects a free one", placeholder: "PORT" },
    numProc: { type: "number", description: "Number of workers", placeholder: "N" },
    batchSize: { type: "number", description: "Rows per batch", placeholder: "N" },
    autoProcess: { type: "switch", description: "Process uploads as they arrive" },
    tokenFile: { type: "text", description: "File of bearer tokens, one per line", placeholder: "FILE" },
    noAuth: { type: "switch", description: "Allow access without a token" },
  },
  examples: [
    "datalake serve --lake /mnt/nas/lake --auto-process",
    "datalake serve --host 0.0.0.0 --token-file /etc/datalake/tokens",
  ],
  run: async ({ flags }, effects) => {
    const { startServer } = await import("../../server/serve.ts");
    const { openServerLog } = await import("../../server/telemetry/server-log.ts");
    checkPort(flags.port);
    const lake = await effects.openLake();
    const { serve, processing } = effects.settings;
    const settings = {
      ...withWorkerFlags(effects.settings, flags),
      serve: {
        ...serve,
        host: flags.host ?? serve.host,
        port: flags.port ?? serve.port,
        token_file: flags.tokenFile ?? serve.token_file,
      },
    };
    settings.processing.auto = flags.autoProcess ?? processing.auto;
    const { logger, logLevel } = openServerLog(lake, settings, effects.terminal);
    const server = await startServer({
      lake,
      settings,
      selfCommand: effects.selfCommand,
      logger,
      logLevel,
      version: effects.version,
      operations: await effects.loadOperations(),
      noAuth: flags.noAuth ?? false,
    });
    effects.terminal.note(`datalake serves ${lake.root} at ${server.url}`);
    const stopped = AbortSignal.any([effects.signal, server.lost]);
    if (!stopped.aborted)
      await new Promise((resolve) => stopped.addEventListener("abort", resolve, { once: true }));
    await server.stop();
    if (!server.lost.aborted) return 0;
    effects.terminal.warn(`the lease on ${lake.root} was lost: the file server was unreachable for too long`);
    return 1;
  },
});

function checkPort(port: number | undefined): void {
  if (port === undefined || (Number.isInteger(port) && port >= 0 && port <= 65_535)) return;
  throw new AppError("usage", `--port ${port} is not a port; give a number from 0 (any free one) to 65535`);
}
