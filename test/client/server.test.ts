import { afterEach, expect, test } from "bun:test";
import { readEvents } from "../../src/client/remote/events.ts";
import { connectServer } from "../../src/client/remote/server.ts";
import { createJobRecord } from "../../src/jobs/records.ts";

let server: ReturnType<typeof Bun.serve> | undefined;
afterEach(() => server?.stop(true));

function answer(fetch: (request: Request) => Response) {
  server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch });
  return connectServer(`http://127.0.0.1:${server.port}/`, "token-1");
}

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  return work.then(
    () => undefined,
    (error) => error.code,
  );
}

test("events are read across any cut of the stream", async () => {
  const text =
    ': hello\n\nevent: progress\ndata: {"a":"가"}\n\nevent: end\r\ndata: 1\r\ndata: 2\r\n\r\nevent: cut\ndata: off';
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 3, 1000]) {
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
        controller.close();
      },
    });
    const events = [];
    for await (const event of readEvents(new Response(stream))) events.push(event);
    expect(events).toEqual([
      { name: "progress", data: '{"a":"가"}' },
      { name: "end", data: "1\n2" },
    ]);
  }
});

test("a watched job survives a stream that breaks off", async () => {
  const job = { ...createJobRecord(), status: "completed" as const };
  const { uploads: _, ...progress } = job;
  let calls = 0;
  const client = answer((request) => {
    expect(request.headers.get("authorization")).toBe("Bearer token-1");
    calls += 1;
    const events = [`event: progress\ndata: ${JSON.stringify(progress)}\n\n`];
    if (calls > 1) events.push(`event: end\ndata: ${JSON.stringify(job)}\n\n`);
    return new Response(events.join(""), { headers: { "content-type": "text/event-stream" } });
  });
  const updates: string[] = [];
  expect(await client.watchJob(job.job_id, { onUpdate: (update) => updates.push(update.job_id) })).toEqual(
    job,
  );
  expect(updates).toEqual([job.job_id, job.job_id]);
});

test("errors keep the server's code; what is no datalake server is unreachable", async () => {
  const refused = answer(() =>
    Response.json({ error: { code: "unauthorized", message: "no", details: { a: 1 } } }, { status: 401 }),
  );
  expect(await codeOf(refused.status())).toBe("unauthorized");
  server?.stop(true);
  const foreign = answer(() => new Response("<html>", { status: 200 }));
  expect(await codeOf(foreign.status())).toBe("server_unreachable");
  server?.stop(true);
  const gone = answer(() => new Response("gateway", { status: 502 }));
  expect(await codeOf(gone.startJob())).toBe("server_unreachable");
  server?.stop(true);
  expect(await codeOf(connectServer("http://127.0.0.1:9").info())).toBe("server_unreachable");
});
