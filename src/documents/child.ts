import { writeSync } from "node:fs";
import * as v from "valibot";
import { toAppError } from "../errors.ts";
import { parseValue } from "../schema/check.ts";
import { readLines } from "../util/lines.ts";
import { type Order, OrderSchema, type Report } from "./messages.ts";
import { createSession, type Session } from "./session.ts";

/**
 * The hidden command: does the orders that come on stdin, one after the other, and reports on stdout. It ends with its
 * stdin, and when PDFium cannot be used any more: the parent then starts another.
 */
export async function runDocumentsChild(input: AsyncIterable<Uint8Array>): Promise<number> {
  process.on("SIGINT", () => {}); // Ctrl-C reaches the parent too, which then ends this process
  let session: Session | undefined;
  const writing = new Set<Promise<void>>();
  for await (const line of readLines(input)) {
    const order = parseValue(v.pipe(v.string(), v.parseJson(), OrderSchema), line);
    session ??= createSession(order.limits);
    report({ type: "begun", id: order.id });
    const { finish, broken } = await begin(session, order);
    const written = finish().then(report);
    writing.add(written);
    void written.finally(() => writing.delete(written));
    if (broken) break;
    // One page is written while the next is drawn, no more: each is held in memory.
    if (writing.size > 1) await Promise.race(writing);
  }
  await Promise.all(writing);
  return 0;
}

interface Begun {
  finish: () => Promise<Report>;
  broken: boolean;
}

async function begin(session: Session, { id, task }: Order): Promise<Begun> {
  const failed = (error: unknown): Report => ({
    type: "failed",
    id,
    error: toAppError(error).toDocument().error,
  });
  try {
    const finish = await session.begin(task);
    return {
      finish: () =>
        finish().then(
          (result): Report => ({ type: "done", id, result }),
          (error: unknown) => failed(error),
        ),
      broken: session.isBroken(),
    };
  } catch (error) {
    return { finish: async () => failed(error), broken: session.isBroken() };
  }
}

/** At once: what is drawn next lets nothing else run. */
function report(line: Report): void {
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") Bun.sleepSync(1);
      else process.kill(process.pid, "SIGKILL"); // the parent has gone
    }
  }
}
