/**
 * A process that reads documents, as its parent sees it, that ends when it is told to by its argument: `at-once`, if a
 * path follows after that is removed; or `beside`, in the first process when the second order is begun, for what is left
 * to do of the first.
 */
import { rmSync, writeSync } from "node:fs";
import type { Order, Report } from "../../src/documents/messages.ts";
import { readLines } from "../../src/util/lines.ts";

const [how, path] = process.argv.slice(2);
if (how === "at-once") {
  if (path?.startsWith("/")) rmSync(path);
  process.exit(7);
}

const report = (line: Report) => writeSync(1, `${JSON.stringify(line)}\n`);

for await (const line of readLines(Bun.stdin.stream())) {
  const { id, task } = JSON.parse(line) as Order;
  const isDeadly = task.kind === "page" && task.page === 1;
  report({ type: "begun", id });
  if (id === 1 || (isDeadly && id > 1)) process.kill(process.pid, "SIGKILL");
  if (!isDeadly) report({ type: "done", id, result: { ok: true } });
}
