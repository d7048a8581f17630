/** An engine that takes every statement: what a sync asks of Trino. */
export interface Engine extends Disposable {
  url: string;
  /** What it was asked, in order. */
  statements: string[];
}

export function startEngine(): Engine {
  const statements: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) => {
      statements.push(await request.text());
      return Response.json({ id: "done", stats: { state: "FINISHED" } });
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    statements,
    [Symbol.dispose]: () => void server.stop(true),
  };
}
