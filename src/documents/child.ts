import { writeSync } from "node:fs";
import * as v from "valibot";
import { toAppError } from "../errors.ts";
import { parseValue } from "../schema/check.ts";
import { readLines } from "../util/lines.ts";
import { type Order, OrderSchema, type Report } from "./messages.ts";
import { TO_BE_DRAWN } from "./page.ts";
import { endWithParent } from "./parent-watch.ts";
import { createSession, type Session } from "./session.ts";

/**
 * The hidden command: does the orders that come on stdin, one after the other, and reports on stdout. It ends with its
 * stdin or its parent, and when PDFium cannot be used any more: the parent then starts another.
 */
export async function runDocumentsChild(input: AsyncIterable<Uint8Array>): Promise<number> {
  endWithParent();
  process.on("SIGINT", () => {}); // Ctrl-C reaches the parent too, which then ends this process
  const queue = createQueue();
  for await (const line of readLines(input))
    queue.add(parseValue(v.pipe(v.string(), v.parseJson(), OrderSchema), line));
  await queue.end();
  return 0;
}

/** What is in the hands of others while the next order is worked on; each holds a page in memory. */
const BESIDE = 2;

/** Orders in turn: each is begun when the one before is; what is then left of it is done beside the next. */
function createQueue() {
  let session: Session | undefined;
  let turn = Promise.resolve();
  const finishing = new Set<Promise<void>>();

  const work = async (order: Order, drawn: boolean): Promise<void> => {
    const { id, limits, task } = order;
    while (finishing.size >= BESIDE) await Promise.race(finishing);
    session ??= createSession(limits);
    report({ type: "begun", id });
    const failed = (error: unknown) =>
      report({ type: "failed", id, error: toAppError(error).toDocument().error });
    try {
      const finish = await session.begin(task, drawn);
      const finished = finish()
        .then((result) => {
          if (result === TO_BE_DRAWN) add(order, true);
          else report({ type: "done", id, result });
        }, failed)
        .finally(() => {
          finishing.delete(finished);
          collect();
        });
      finishing.add(finished);
    } catch (error) {
      failed(error);
    }
    if (!session.isBroken()) return;
    await Promise.all(finishing);
    die(); // the next process does the orders that are left
  };
  const add = (order: Order, drawn: boolean) => {
    turn = turn.then(() => work(order, drawn));
  };
  return {
    add: (order: Order) => add(order, false),
    /** When nothing is left to do. */
    end: async () => {
      for (let last: unknown; last !== turn || finishing.size > 0; ) {
        last = turn;
        await turn;
        await Promise.all(finishing);
      }
    },
  };
}

/** Pages after which what they left is collected: the collector does not see how much their samples are. */
const PAGES_A_COLLECTION = 8;
let uncollected = 0;

function collect(): void {
  uncollected += 1;
  if (uncollected < PAGES_A_COLLECTION) return;
  uncollected = 0;
  Bun.gc(true);
}

function die(): void {
  process.kill(process.pid, "SIGKILL");
}

/** At once: what is drawn next lets nothing else run. */
function report(line: Report): void {
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") Bun.sleepSync(1);
      else die(); // the parent has gone
    }
  }
}
