import * as v from "valibot";
import type { Settings } from "../config.ts";
import { AppError, explainFullScratch, toAppError } from "../errors.ts";
import { describeLake, type Lake } from "../lake/lake.ts";
import { createView } from "../lake/view.ts";
import { parseValue } from "../schema/check.ts";
import { createChildLogger, LogMessageSchema } from "../schema/child-log.ts";
import { FailureSchema } from "../schema/failure.ts";
import { ResultFileSchema } from "../schema/operation.ts";
import { readLines } from "../util/lines.ts";
import { runKept } from "./kept-run.ts";
import type { AnyOperation } from "./operation.ts";

/** Hidden command of the child process, followed by the operation's name. */
export const RUN_COMMAND = "__run";

const ChildLakeSchema = v.pipe(
  v.object({
    root: v.string(),
    modes: v.object({ folder: v.number(), file: v.number(), asset: v.number() }),
    stale_ms: v.number(),
  }),
  v.transform(
    ({ root, modes, stale_ms }): Lake => describeLake(root, modes, createView({ staleMs: stale_ms })),
  ),
);

/** First line of the child's stdin; closing stdin stops the child. */
const OrderSchema = v.object({
  lake: ChildLakeSchema,
  /** The parent's settings without its token. */
  settings: v.record(v.string(), v.unknown()),
  request: v.unknown(),
  local: v.optional(v.unknown()),
});
export type Order = v.InferInput<typeof OrderSchema>;

/** An output line; the last is `done` or `broken`. The operation's schemas check progress and result. */
export const ChildLineSchema = v.variant("type", [
  v.object({ type: v.literal("progress"), progress: v.unknown() }),
  LogMessageSchema,
  v.object({ type: v.literal("done"), result: v.unknown(), files: v.array(ResultFileSchema) }),
  v.object({ type: v.literal("broken"), error: FailureSchema }),
]);
export type ChildLine = v.InferInput<typeof ChildLineSchema>;

export interface ChildPipes {
  input: AsyncIterable<Uint8Array>;
  write(line: string): void;
}

/** Child side: runs the operation requested on stdin. Returns the exit code. */
export async function serveChild(
  name: string,
  operations: readonly AnyOperation[],
  { input, write }: ChildPipes,
): Promise<number> {
  const send = (line: ChildLine) => write(`${JSON.stringify(line)}\n`);
  const lines = readLines(input);
  const { value: line } = await lines.next();
  const stop = new AbortController();
  let scratch: string | undefined;
  try {
    const operation = operations.find((one) => one.name === name);
    if (operation === undefined) throw new AppError("internal", `there is no operation ${name}`);
    const { settings, ...order } = parseValue(v.pipe(v.string(), v.parseJson(), OrderSchema), line);
    scratch = (settings as unknown as Settings).scratchFolder;
    const listen = async () => {
      await lines.next();
      stop.abort();
    };
    void listen();
    const { result, files = [] } = await runKept(operation, parseValue(operation.request, order.request), {
      lake: order.lake,
      settings: settings as unknown as Settings,
      local: order.local,
      logger: createChildLogger(send),
      signal: stop.signal,
      report: (progress) => send({ type: "progress", progress }),
    });
    send({ type: "done", result, files });
    return 0;
  } catch (error) {
    const told = scratch === undefined ? error : explainFullScratch(error, scratch);
    send({ type: "broken", error: toAppError(told).toDocument().error });
    return 1;
  }
}
