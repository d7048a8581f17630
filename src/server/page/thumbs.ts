import { join } from "node:path";
import * as v from "valibot";
import { AppError } from "../../errors.ts";
import { boundFolder, markUsed } from "../../lake/bound-folder.ts";
import { exists } from "../../lake/files.ts";
import { checkValue } from "../../schema/check.ts";
import { sendToBackground } from "../../util/background.ts";
import { readLines } from "../../util/lines.ts";
import { THUMBS_COMMAND } from "./thumb-child.ts";

/** Small pictures of assets: made when they are first asked for, kept in a cache of bounded size. */
export interface Thumbs {
  /** The file of a thumbnail. Throws `unsupported_format` for what cannot be drawn, `cancelled` for what nobody waits for. */
  fileOf(image: ThumbImage, size: ThumbSize, signal: AbortSignal): Promise<string>;
  /** The file of one that was made before and is kept. */
  kept(hash: string, size: ThumbSize): Promise<string | undefined>;
  close(): void;
}

export interface ThumbImage {
  path: string;
  hash: string;
  /** False where nothing verified it: it may be of any size. */
  isChecked?: boolean;
  /** Of a TIFF, from 1: this page as a file of its own is what is drawn. */
  page?: number;
}

export interface ThumbSize {
  /** Longer side, px. */
  side: number;
  /** Page of the file, from 0. */
  frame: number;
}

export interface ThumbOptions {
  selfCommand: readonly string[];
  /** Its contents may be removed at any time. */
  folder: string;
  maxBytes?: number;
}

interface Order extends ThumbSize {
  id: number;
  path: string;
  output: string;
  is_checked: boolean;
  page: number | null;
  /** Of all who wait for it. */
  signals: AbortSignal[];
  done: PromiseWithResolvers<void>;
}

const MAX_BYTES = 1_000_000_000;
/** The cache is looked through when the first is made, and after each so many. */
const SWEEP_EVERY = 2000;
const AnswerSchema = v.pipe(v.string(), v.parseJson(), v.object({ id: v.number(), ok: v.boolean() }));

/** One process at a low priority makes them, first come, first served; those whose reader has gone are passed over. */
export function createThumbs({ selfCommand, folder, maxBytes = MAX_BYTES }: ThumbOptions): Thumbs {
  const queue: Order[] = [];
  /** By its output: those in the queue and the current one. */
  const asked = new Map<string, Order>();
  let child: ReturnType<typeof start> | undefined;
  let current: Order | undefined;
  let lastId = 0;
  let made = 0;
  let isClosed = false;

  const start = () => {
    const started = Bun.spawn([...selfCommand, THUMBS_COMMAND], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "ignore",
      detached: true,
    });
    sendToBackground(started.pid);
    void listen(started);
    return started;
  };
  const listen = async (of: ReturnType<typeof start>) => {
    for await (const line of readLines(of.stdout)) {
      const answer = checkValue(AnswerSchema, line);
      if (answer.success && answer.output.id === current?.id) settle(answer.output.ok);
    }
    // An image that ends the process has no thumbnail.
    if (child === of) child = undefined;
    if (current !== undefined) settle(false);
  };
  const settle = (ok: boolean) => {
    const order = current;
    current = undefined;
    if (order !== undefined) asked.delete(order.output);
    if (ok) order?.done.resolve();
    else order?.done.reject(notDrawn());
    if (ok && made++ % SWEEP_EVERY === 0) void boundFolder(folder, maxBytes).catch(() => {});
    next();
  };
  const next = () => {
    while (current === undefined && !isClosed) {
      const order = queue.shift();
      if (order === undefined) return;
      if (order.signals.every(({ aborted }) => aborted)) {
        asked.delete(order.output);
        order.done.reject(new AppError("cancelled", "nobody waits for this thumbnail"));
        continue;
      }
      current = order;
      child ??= start();
      const { signals: _, done: __, ...told } = order;
      child.stdin.write(`${JSON.stringify(told)}\n`);
      child.stdin.flush();
    }
  };
  const ask = ({ path, isChecked = true, page }: ThumbImage, output: string, size: ThumbSize) => {
    const order: Order = {
      id: ++lastId,
      path,
      output,
      ...size,
      is_checked: isChecked,
      page: page ?? null,
      signals: [],
      done: Promise.withResolvers(),
    };
    asked.set(output, order);
    queue.push(order);
    return order;
  };

  const placeOf = (hash: string, size: ThumbSize) => join(folder, hash.slice(0, 2), thumbName(hash, size));
  const kept: Thumbs["kept"] = async (hash, size) => {
    const output = placeOf(hash, size);
    if (!(await exists(output))) return undefined;
    await markUsed(output);
    return output;
  };

  return {
    kept,
    fileOf: async (image, size, signal) => {
      const known = await kept(image.hash, size);
      if (known !== undefined) return known;
      const output = placeOf(image.hash, size);
      const order = asked.get(output) ?? ask(image, output, size);
      order.signals.push(signal);
      next();
      await order.done.promise;
      return output;
    },
    close: () => {
      isClosed = true;
      for (const { done } of queue.splice(0)) done.reject(new AppError("cancelled", "the server stops"));
      child?.kill("SIGKILL");
    },
  };
}

export function thumbName(hash: string, { side, frame }: ThumbSize): string {
  return `${hash}-${side}${frame === 0 ? "" : `-${frame}`}.webp`;
}

function notDrawn(): AppError {
  return new AppError("unsupported_format", "there is no small picture of this asset; open it whole");
}
