import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What happens to a request: refused before it arrives, answered by an error, or done while its answer is lost. */
export type Fault = "cut" | "lost" | { status: number; body: string };

/** A server in front of another one, which passes all on but what a test wants to fail. */
export interface FaultyProxy {
  url: string;
  /** Decides for each request from now on; undefined passes it on. */
  fail(decide: ((request: { method: string; path: string }) => Fault | undefined) | undefined): void;
  close(): void;
}

/** Starts a proxy before `target`, an address such as `http://127.0.0.1:5000`. */
export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  let decide: Parameters<FaultyProxy["fail"]>[0];
  const server = createServer((request, response) => {
    const fault = decide?.({ method: request.method ?? "GET", path: request.url ?? "/" });
    if (fault === "cut") request.socket.destroy();
    else if (typeof fault === "object") response.writeHead(fault.status).end(fault.body);
    else void forward(target, request, response, fault === "lost").catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    fail: (next) => {
      decide = next;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function forward(
  target: string,
  request: IncomingMessage,
  response: ServerResponse,
  isLost: boolean,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { host: _, connection: __, ...headers } = request.headers as Record<string, string>;
  const hasBody = chunks.length > 0;
  const answer = await fetch(`${target}${request.url}`, {
    method: request.method ?? "GET",
    headers,
    ...(hasBody && { body: Buffer.concat(chunks) }),
  });
  const body = Buffer.from(await answer.arrayBuffer());
  if (isLost) {
    request.socket.destroy();
    return;
  }
  const own = Object.fromEntries(answer.headers);
  for (const name of ["connection", "content-encoding", "transfer-encoding"]) delete own[name];
  if (request.method !== "HEAD") own["content-length"] = String(body.length);
  response.writeHead(answer.status, own).end(body);
}
