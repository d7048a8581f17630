import type { ServiceManager } from "../../config.ts";
import type { Supervisor } from "../../jobs/supervisor.ts";
import type { Logger } from "../../log.ts";
import type { JobRecord } from "../../schema/job.ts";
import { formatCount } from "../../util/format.ts";
import { DOOR } from "../http/door.ts";
import type { NotifySocket } from "./systemd-socket.ts";

/** Notifications to a service manager (sd_notify(3)). */
export interface Service {
  /** A line for `systemctl status`. */
  status(text: string): void;
  stopping(): void;
}

export interface ServiceOptions {
  manager: ServiceManager | undefined;
  logger: Logger;
  /** Says whether the server still works, in at most so many milliseconds. */
  isAlive(timeoutMs: number): Promise<boolean>;
}

export interface WatchedServer extends Pick<ServiceOptions, "manager" | "logger"> {
  url: string;
  supervisor: Pick<Supervisor, "isAlive" | "subscribe">;
  answer(request: Request): Response | Promise<Response>;
}

const STATUS_MS = 5000;

/** Notifies the service manager: the server is alive while it answers requests and its worker process answers it. */
export async function announceServer(server: WatchedServer): Promise<Service> {
  const { url, supervisor } = server;
  const answers = async () => {
    return (await server.answer(new Request(`${DOOR}/health`))).status < 500;
  };
  const service = await startService({
    ...server,
    isAlive: async (timeoutMs) => {
      const late = Bun.sleep(timeoutMs).then(() => false);
      const [answered, working] = await Promise.all([
        Promise.race([answers(), late]),
        supervisor.isAlive(timeoutMs),
      ]);
      return answered && working;
    },
  });
  service.status(`serving at ${url}`);
  let toldMs = Number.NEGATIVE_INFINITY;
  supervisor.subscribe((job) => {
    if (job.status === "running" && performance.now() - toldMs < STATUS_MS) return;
    toldMs = performance.now();
    service.status(`serving at ${url}; ${describeWork(job)}`);
  });
  return service;
}

function describeWork({ job_id, status, progress }: JobRecord): string {
  const { rows_done, rows_total } = progress;
  return `job ${job_id} ${status}, ${formatCount(rows_done)} of ${formatCount(rows_total)} rows`;
}

const SILENT: Service = { status: () => {}, stopping: () => {} };

/**
 * Tells the manager that the server is ready, and then, at half the time it allows, that it lives: only when it was
 * looked at and does. Without a manager, or one that cannot be reached, nothing is told and the server continues.
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { manager, logger, isAlive } = options;
  if (manager === undefined) return SILENT;
  let socket: NotifySocket;
  try {
    const { openNotifySocket } = await import("./systemd-socket.ts");
    socket = openNotifySocket(manager.socket);
  } catch (error) {
    logger.warn("the service manager cannot be notified", { socket: manager.socket, error });
    return SILENT;
  }
  const send = (...lines: string[]) => {
    try {
      socket.send(lines.join("\n"));
    } catch (error) {
      logger.warn("the service manager was not notified", { message: lines[0], error });
    }
  };
  const watch =
    manager.watchdogMs === undefined ? undefined : watchdog(manager.watchdogMs, isAlive, send, logger);
  send("READY=1");
  let stopped = false;
  return {
    status: (text) => {
      if (!stopped) send(`STATUS=${text.replaceAll("\n", " ")}`);
    },
    stopping: () => {
      if (stopped) return;
      stopped = true;
      send("STOPPING=1", "STATUS=stopping");
      clearInterval(watch);
      socket.close();
    },
  };
}

function watchdog(
  watchdogMs: number,
  isAlive: ServiceOptions["isAlive"],
  send: (line: string) => void,
  logger: Logger,
) {
  let looking = false;
  const look = async () => {
    if (looking) return;
    looking = true;
    const alive = await isAlive(watchdogMs / 4).catch(() => false);
    looking = false;
    if (alive) send("WATCHDOG=1");
    else logger.error("the server is not healthy; the watchdog is not notified");
  };
  void look();
  return setInterval(look, watchdogMs / 2);
}
