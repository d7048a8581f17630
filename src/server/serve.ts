import { join } from "node:path";
import { serverPurpose } from "../client/locate.ts";
import { parseSize, type Settings, serviceManager } from "../config.ts";
import { AppError, systemCode } from "../errors.ts";
import { createAssetCheckRuns } from "../jobs/asset-check-runs.ts";
import { createSupervisor } from "../jobs/supervisor.ts";
import type { Lake } from "../lake/lake.ts";
import { acquireLease, inspectLease } from "../lake/lease.ts";
import type { Logger, LogLevelControl } from "../log.ts";
import { createAnswerFiles } from "./answer-files.ts";
import { createApp } from "./app.ts";
import { createEngines } from "./engines.ts";
import { checkExposure, createHostCheck, createTokenCheck, readTokens } from "./guard.ts";
import { createOperations } from "./operations.ts";
import { createSlots } from "./query-slots.ts";
import { announceServer } from "./systemd.ts";

export interface ServeOptions {
  lake: Lake;
  settings: Settings;
  /** The program that is started again as the child that does the work. */
  selfCommand: string[];
  logger: Logger;
  /** From which level on it logs. */
  logLevel: LogLevelControl;
  version: string;
  /** Others may reach the server without a token. */
  noAuth: boolean;
}

export interface RunningServer {
  url: string;
  /** Fires when the lease on the lake was lost: another may work on it. */
  lost: AbortSignal;
  /** Takes no more work, hands back what runs, answers the requests in flight, frees the lake. */
  stop(): Promise<void>;
}

const WATCH_INTERVAL_MS = 2000;
const IDLE_TIMEOUT_SECONDS = 30;

/**
 * Serves one lake over HTTP and does its work in a child process. Throws `locked` naming another server of the lake,
 * `in_use` for a port that is taken, `usage` where it would be open to others without a token.
 */
export async function startServer(options: ServeOptions): Promise<RunningServer> {
  const { lake, settings, logger } = options;
  const { host, port, token_file: tokenFile } = settings.serve;
  checkExposure(host, { tokenFile, noAuth: options.noAuth });
  const tokens =
    tokenFile === undefined ? undefined : await readTokens(tokenFile, (text) => logger.warn(text));
  await refuseSecond(lake);
  const supervisor = createSupervisor(options);
  const checks = createAssetCheckRuns({
    ...options,
    folder: join(settings.scratchFolder, `checks-${Bun.hash(lake.root).toString(16)}`),
  });
  const engines = createEngines(options);
  const slots = createSlots(settings.sql.max_running, settings.sql.timeout_s * 1000);
  const files = createAnswerFiles(
    // One server holds a lake; what its predecessor left is its own.
    join(settings.scratchFolder, `answers-${Bun.hash(lake.root).toString(16)}`),
  );
  const keepOpen = (request: Request) => server.timeout(request, 0);
  const startedAt = new Date().toISOString();
  /** The tokens of a file have no names. */
  const callerName = (_request: Request): string | undefined => undefined;
  const { state, metrics, observe } = createOperations({ ...options, supervisor, slots, checks, startedAt });
  const app = createApp(
    {
      ...options,
      supervisor,
      checks,
      engines,
      slots,
      files,
      keepOpen,
      callerName,
      state,
      metrics,
      startedAt,
    },
    {
      isOwnHost: createHostCheck(host, settings.serve.allowed_hosts),
      isAuthorized: tokens && createTokenCheck(tokens),
      maxBodyBytes: parseSize(settings.serve.max_body),
    },
  );
  const observed = observe(app.routes, callerName);
  const server = listen(host, port, parseSize(settings.serve.max_body), (request) =>
    observed(request, () => app.fetch(request)),
  );
  const url = `http://${host.includes(":") ? `[${host.replace(/[[\]]/g, "")}]` : host}:${server.port}`;
  const lease = await acquireLease(lake.layout.processLease, { purpose: serverPurpose(url) }).catch(
    async (error) => {
      await server.stop(true);
      throw error;
    },
  );
  await supervisor.recover();
  if (settings.processing.auto) supervisor.watchPending(WATCH_INTERVAL_MS);
  const service = await announceServer({
    manager: serviceManager(),
    logger,
    supervisor,
    url,
    answer: (request) => app.fetch(request),
  });
  logger.info("serving", { url, lake: lake.root, auto_process: settings.processing.auto });
  return {
    url,
    lost: lease.lost,
    stop: async () => {
      logger.info("stopping");
      service.stopping();
      await Promise.all([supervisor.stop(), checks.stop()]);
      await stopListening(server);
      engines.close();
      await files.close();
      await lease.release();
      logger.info("stopped");
    },
  };
}

/** Before the port is tried: a second server on the same port shall hear of the first, not of the port. */
async function refuseSecond(lake: Lake): Promise<void> {
  const held = await inspectLease(lake.layout.processLease);
  if (!held?.alive) return;
  const { purpose, pid, host } = held.holder;
  throw new AppError(
    "locked",
    `the lake ${lake.root} is held by ${purpose} (process ${pid} on ${host}); use that one or stop it`,
    { details: { holder: held.holder } },
  );
}

function listen(
  hostname: string,
  port: number,
  maxBodyBytes: number,
  fetch: (request: Request) => Response | Promise<Response>,
) {
  try {
    return Bun.serve({
      hostname,
      port,
      reusePort: false,
      idleTimeout: IDLE_TIMEOUT_SECONDS,
      // The guard answers a body that says it is larger; this stops one that does not say.
      maxRequestBodySize: maxBodyBytes + 1_000_000,
      fetch,
    });
  } catch (cause) {
    if (systemCode(cause) !== "EADDRINUSE") throw cause;
    throw new AppError(
      "in_use",
      `port ${port} on ${hostname} is taken by another program; choose one by --port`,
      {
        cause,
      },
    );
  }
}

const DRAIN_TIMEOUT_MS = 1000;

/** Requests in flight end; event streams, which would never, are cut. */
async function stopListening(server: ReturnType<typeof listen>): Promise<void> {
  const drained = server.stop();
  await Promise.race([drained, Bun.sleep(DRAIN_TIMEOUT_MS)]);
  await server.stop(true);
}
