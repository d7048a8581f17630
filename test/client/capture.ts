/** A listener that writes down what it is sent, and says yes to everything. */
import { appendFileSync } from "node:fs";

const [file = "", url = ""] = process.argv.slice(2);
const { port, hostname } = new URL(url === "" ? "http://127.0.0.1:0" : url);
const server = Bun.serve({
  hostname,
  port: Number(port),
  fetch: async (request) => {
    appendFileSync(file, `${request.method} ${request.url} ${JSON.stringify(request.headers)}\n`);
    return Response.json({ status: "started", holds: true, job_id: `j${"0".repeat(32)}` });
  },
});
process.stdout.write(`${server.port}\n`);
