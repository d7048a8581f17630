import * as v from "valibot";
import { toAppError } from "../errors.ts";
import { describeLake, type Lake } from "../lake/lake.ts";
import { createView } from "../lake/view.ts";
import { parseValue } from "../schema/check.ts";
import { FailureSchema } from "../schema/failure.ts";
import { readLines } from "../util/lines.ts";

/** The lake, as a child process is told of it. */
export const ChildLakeSchema = v.pipe(
  v.object({
    root: v.string(),
    modes: v.object({ folder: v.number(), file: v.number(), asset: v.number() }),
    stale_ms: v.number(),
  }),
  v.transform(
    ({ root, modes, stale_ms }): Lake => describeLake(root, modes, createView({ staleMs: stale_ms })),
  ),
);

/** What a child says last when it could not do what it was told. */
export const BrokenSchema = v.object({ type: v.literal("broken"), error: FailureSchema });

export interface OrderTools<Message> {
  /** Fires when the parent closes the child's stdin, or is dead. */
  signal: AbortSignal;
  say(message: Message): void;
}

/**
 * The child's side of a process that does one thing: it is told by one JSON line on its stdin, whose end means stop, and
 * says JSON objects, one a line; the last is what `work` gives, or `broken`. Gives the exit code.
 */
export async function obeyOrder<Schema extends v.GenericSchema, Message extends object>(
  input: AsyncIterable<Uint8Array>,
  write: (line: string) => void,
  schema: Schema,
  work: (order: v.InferOutput<Schema>, tools: OrderTools<Message>) => Promise<Message>,
): Promise<number> {
  const say = (message: Message | v.InferOutput<typeof BrokenSchema>) =>
    write(`${JSON.stringify(message)}\n`);
  const lines = readLines(input);
  const { value: line } = await lines.next();
  const order = parseValue(v.pipe(v.string(), v.parseJson(), schema), line);
  const stop = new AbortController();
  const listen = async () => {
    await lines.next();
    stop.abort();
  };
  void listen();
  try {
    say(await work(order, { signal: stop.signal, say }));
    return 0;
  } catch (error) {
    say({ type: "broken", error: toAppError(error).toDocument().error });
    return 1;
  }
}
