import { stat } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import * as v from "valibot";
import { AppError } from "../../errors.ts";
import { findHolder, type LakeHolder } from "../../lake/holder.ts";
import type { Lake } from "../../lake/lake.ts";
import { checkValue } from "../../schema/check.ts";
import { listenersOn } from "./listeners.ts";

const TIMEOUT_MS = 5000;
const HealthSchema = v.object({ holds: v.boolean() });

/**
 * The address of the server that holds a lake's folder; undefined where nobody holds it. The lease, where others may
 * write, only says where to look. Believed is who knows the lease as its own at the address that the user named, or on
 * this machine the kernel: on that port listens this account, root or the lake's owner. Throws `locked` for any other
 * holder: a token goes nowhere else.
 */
export async function findServerOf(lake: Lake, named?: string): Promise<string | undefined> {
  const holder = await findHolder(lake);
  if (holder === undefined) return undefined;
  if (holder.url === undefined) {
    throw new AppError(
      "locked",
      `${lake.root} is held by ${holder.purpose} (process ${holder.pid} on ${holder.host}); wait until it ends`,
      { details: { holder } },
    );
  }
  if (named !== undefined && (await holdsLease(named.replace(/\/+$/, ""), holder.id))) return named;
  const url = await proveLocal(lake, holder);
  if (url !== undefined) return url;
  throw new AppError(
    "locked",
    `a server on ${holder.host} holds ${lake.root}, but this machine cannot verify that it is the one at ${holder.url}; if you trust it, name it with --server URL, or server: in config.yaml`,
    { details: { holder } },
  );
}

async function proveLocal(lake: Lake, { id, url, isHere }: LakeHolder): Promise<string | undefined> {
  const base = isHere && url !== undefined ? localUrl(url) : undefined;
  if (base === undefined) return undefined;
  const port = Number(base.port || (base.protocol === "https:" ? 443 : 80));
  const [{ uid: owner }, listeners] = await Promise.all([stat(lake.root), listenersOn(port)]);
  const trusted = [0, process.geteuid?.(), owner];
  if (listeners.length === 0 || !listeners.every((uid) => trusted.includes(uid))) return undefined;
  return (await holdsLease(base.origin, id)) ? base.origin : undefined;
}

/** An address of this machine; undefined for a name, which leads to wherever it is resolved. */
function localUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (!["http:", "https:"].includes(url.protocol) || url.username !== "" || url.pathname !== "/")
    return undefined;
  if (host === "0.0.0.0") url.hostname = "127.0.0.1";
  else if (host === "::") url.hostname = "[::1]";
  else if (host !== "localhost" && !/^127\.[\d.]+$/.test(host) && !isOwnAddress(host)) return undefined;
  return url;
}

function isOwnAddress(host: string): boolean {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return own.some(({ address }) => address === host);
}

async function holdsLease(origin: string, leaseId: string): Promise<boolean> {
  try {
    const response = await fetch(`${origin}/health?lease=${encodeURIComponent(leaseId)}`, {
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const answer = checkValue(HealthSchema, await response.json());
    return answer.success && answer.output.holds;
  } catch {
    return false;
  }
}
