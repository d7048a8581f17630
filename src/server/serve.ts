import { hostname } from "node:os";
import { join } from "node:path";
import { parseSize, type Settings, serviceManager, tokenPlaces } from "../config.ts";
import { AppError } from "../errors.ts";
import { expireReceiving } from "../ingest/receive.ts";
import { createSupervisor } from "../jobs/supervisor.ts";
import { serverPurpose } from "../lake/holder.ts";
import type { Lake } from "../lake/lake.ts";
import { inspectLease } from "../lake/lease.ts";
import { examineMount, requireSuitedMount } from "../lake/mount-check.ts";
import { tellMount } from "../lake/mount-words.ts";
import { readTokenLines } from "../lake/token-file.ts";
import { openTokenStore, removeOldTokens } from "../lake/token-store.ts";
import { readTokens } from "../lake/tokens.ts";
import type { Logger, LogLevelControl } from "../log.ts";
import type { AnyOperation } from "../operations/operation.ts";
import { createApp } from "./app.ts";
import { openAccess } from "./auth/access.ts";
import { createAdmit, createProxyCheck } from "./auth/admit.ts";
import { createDiscretion } from "./auth/discretion.ts";
import { checkExposure, isLoopback } from "./auth/exposure.ts";
import { createHostCheck } from "./auth/host.ts";
import { readCertificate } from "./http/certificate.ts";
import { listen, stopListening } from "./http/listen.ts";
import { createCallers, createMiddleware } from "./http/middleware.ts";
import { createResponseCache } from "./http/response-cache.ts";
import { createSessions } from "./page/sessions.ts";
import { createThumbs } from "./page/thumbs.ts";
import { createTelemetry } from "./telemetry/telemetry.ts";
import { createEngines } from "./work/engines.ts";
import { createInputUploads } from "./work/input-uploads.ts";
import { holdLake, type LakeHold } from "./work/lake-hold.ts";
import { createServedOperations } from "./work/operations.ts";
import { ownFolder } from "./work/own-folder.ts";
import { allButOne, createSlots } from "./work/slots.ts";
import { announceServer } from "./work/systemd.ts";

export interface ServeOptions {
  lake: Lake;
  settings: Settings;
  /** The program that is started again as the child that does the work. */
  selfCommand: string[];
  logger: Logger;
  /** From which level on it logs. */
  logLevel: LogLevelControl;
  version: string;
  /** Long operations that it runs. */
  operations: readonly AnyOperation[];
  /** Others may reach the server without a token. */
  noAuth: boolean;
}

export interface RunningServer {
  url: string;
  /** Fires when the lease on the lake was lost: another may work on it. */
  lost: AbortSignal;
  /** Accepts no more work, makes the running upload pending again, answers open requests, releases the lake. */
  stop(): Promise<void>;
}

/** Unfinished uploads that are older than this are removed. */
const UNFINISHED_DAYS = 7;
const WATCH_INTERVAL_MS = 2000;
/** Of one caller. */
const MAX_WAITING_QUERIES = 32;
const BODY_TIMEOUT_MS = 30_000;

/**
 * Serves one lake over HTTP and does its work in a child process. Throws `locked` naming another server of the lake,
 * `in_use` for a port that is taken, `usage` where it would be open to others without a token.
 */
export async function startServer(options: ServeOptions): Promise<RunningServer> {
  const { lake, settings, logger } = options;
  await requireSuitedMount(lake.root);
  const mount = await examineMount(lake.layout);
  const told = tellMount(mount);
  if (told !== undefined) logger.warn(told);
  const { host, port, token_file: tokenFile } = settings.serve;
  const fileTokens =
    tokenFile === undefined
      ? undefined
      : await readTokenLines(tokenFile, { warn: (text) => logger.warn(text), isOwn: true });
  const store = await openTokenStore(lake, tokenPlaces(settings), (text) => logger.warn(text));
  const stored = store === undefined ? undefined : await readTokens(store);
  const hasTokens = fileTokens !== undefined || (stored?.tokens.length ?? 0) > 0;
  checkExposure(host, { hasTokens, noAuth: options.noAuth });
  await refuseSecond(lake);
  const tls = await readCertificate(settings.serve);
  const access = await openAccess({
    store,
    fileTokens,
    mayBeOpen: isLoopback(host),
    noAuth: options.noAuth,
    logger,
  });
  // Lakes of one path are on one host where containers share it.
  const sessions = createSessions(access, Bun.hash(`${hostname()} ${lake.root}`).toString(36));
  const thumbs = createThumbs({
    selfCommand: options.selfCommand,
    folder: join(settings.cacheFolder, "thumbs"),
  });
  const supervisor = createSupervisor({ ...options, confirm: async () => hold?.confirm() });
  const operations = createServedOperations(options);
  const engines = createEngines(options);
  const { max_running: maxRunning, max_running_per_token: perToken } = settings.sql;
  const slots = createSlots({
    count: maxRunning,
    perCaller: perToken ?? allButOne(maxRunning),
    maxWaiting: MAX_WAITING_QUERIES,
    waitMs: settings.sql.timeout_s * 1000,
    work: `${maxRunning} queries at the same time (sql.max_running)`,
  });
  const files = createResponseCache(ownFolder(options, "answers"));
  const inputs = createInputUploads({
    operations,
    folder: ownFolder(options, "inputs"),
    partsFolder: ownFolder(options, "parts"),
  });
  let hold: LakeHold | undefined;
  const callers = createCallers();
  const discretion = createDiscretion(options);
  const keepOpen = (request: Request) => server.timeout(callers.originalOf(request), 0);
  const cutOff = (request: Request) => server.timeout(callers.originalOf(request), 1);
  const startedAt = new Date().toISOString();
  const callerName = (request: Request) => callers.callerOf(request)?.name;
  const { identityOf } = callers;
  const { state, metrics, observe } = createTelemetry({
    ...options,
    access,
    supervisor,
    slots,
    operations,
    startedAt,
    isWritable: () => hold?.isWritable() ?? true,
  });
  const { app, routes } = createApp({
    ...options,
    supervisor,
    operations,
    inputs,
    engines,
    thumbs,
    sessions,
    visitorOf: ({ headers }) =>
      headers.get("authorization") === null
        ? (sessions.callerOf(headers.get("cookie")) ?? access.callerOf(null))
        : access.callerOf(headers.get("authorization")),
    isSecure: (request) =>
      tls !== undefined ||
      (isTrusted(server.requestIP(callers.originalOf(request))?.address ?? "") &&
        request.headers.get("x-forwarded-proto") === "https"),
    slots,
    files,
    keepOpen,
    cutOff,
    callerName,
    shown: (value, request) => discretion.show(value, callers.callerOf(request)?.role),
    isOwnLease: (id) => id === hold?.leaseId(),
    identityOf,
    callerRole: (request) => callers.callerOf(request)?.role,
    state,
    metrics,
    startedAt,
    mount,
  });
  const maxBodyBytes = parseSize(settings.serve.max_body);
  const isTrusted = createProxyCheck(settings.serve.trusted_proxies);
  const answer = createMiddleware({
    lake,
    logger,
    isTrusted,
    callers,
    discretion,
    maxBodyBytes,
    bodyTimeoutMs: BODY_TIMEOUT_MS,
    observe: observe(callerName),
    routes,
    answer: (request) => app.fetch(request),
    admit: createAdmit({
      access,
      sessions,
      isOwnHost: createHostCheck(host, settings.serve.allowed_hosts),
      isTrusted,
      maxBodyBytes,
      maxRequests: settings.serve.max_requests,
      maxRequestsPerCaller: settings.serve.max_requests_per_token,
      // The runtime knows the address of a request only until its answer has ended.
      isOpen: (request) => server.requestIP(callers.originalOf(request)) !== null,
    }),
  });
  const server = listen(host, port, tls, answer);
  const url = `${tls === undefined ? "http" : "https"}://${host.includes(":") ? `[${host.replace(/[[\]]/g, "")}]` : host}:${server.port}`;
  const held = await holdLake({
    path: lake.layout.processLease,
    purpose: serverPurpose(url),
    logger,
    onChange: (isWritable) => {
      if (!isWritable) return supervisor.pause();
      supervisor.resume().catch((error) => logger.error("work cannot be resumed", { error }));
    },
  }).catch(async (error) => {
    await server.stop(true);
    throw error;
  });
  hold = held;
  if (held.isWritable()) {
    if (stored !== undefined) await removeOldTokens(lake);
    const expired = await expireReceiving(lake, Date.now(), UNFINISHED_DAYS * 86_400_000);
    if (expired > 0) logger.info("unfinished uploads removed", { uploads: expired, days: UNFINISHED_DAYS });
    await supervisor.recover();
  } else supervisor.pause();
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
    lost: held.lost,
    stop: async () => {
      logger.info("stopping");
      service.stopping();
      access.close();
      await Promise.all([supervisor.stop(), operations.close(), inputs.stop()]);
      await stopListening(server);
      engines.close();
      thumbs.close();
      await files.close();
      await held.release();
      logger.info("stopped");
    },
  };
}

/** Before the port is tried: a second server on the same port should hear of the first, not of the port. */
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
