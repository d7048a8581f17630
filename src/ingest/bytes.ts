import { type FileHandle, open } from "node:fs/promises";
import { AppError } from "../errors.ts";

/** Takes bytes off a stream in exact pieces; memory is one chunk, or the piece that spans several. */
export interface ByteReader {
  /** The next `count` bytes, valid until the next call; throws `corrupt` when the stream ends before. */
  take(count: number): Promise<Uint8Array>;
  /** The same without waiting, or undefined when they are not all there yet. */
  takeNow(count: number): Uint8Array | undefined;
  /** Fills `target` with the next bytes. */
  takeInto(target: Uint8Array): Promise<void>;
  /** Whatever comes next: at least one byte, or undefined at the end. */
  takeSome(): Promise<Uint8Array | undefined>;
  skip(count: number): Promise<void>;
  /** Frees what the stream holds; call it when not read to its end. */
  close(): Promise<void>;
}

export function createByteReader(chunks: AsyncIterable<Uint8Array>): ByteReader {
  const iterator = chunks[Symbol.asyncIterator]();
  let chunk: Uint8Array = new Uint8Array(0);
  let at = 0;

  const refill = async () => {
    const next = await iterator.next();
    if (next.done) return false;
    chunk = next.value;
    at = 0;
    return true;
  };
  const needMore = async () => {
    if (!(await refill())) throw new AppError("corrupt", "the data ends in the middle of a value");
  };
  const takeNow = (count: number) => {
    if (at + count > chunk.length) return undefined;
    const piece = chunk.subarray(at, at + count);
    at += count;
    return piece;
  };
  const takeInto = async (target: Uint8Array) => {
    for (let filled = 0; filled < target.length; ) {
      if (at === chunk.length) await needMore();
      const part = chunk.subarray(at, at + target.length - filled);
      target.set(part, filled);
      filled += part.length;
      at += part.length;
    }
  };
  return {
    takeNow,
    takeInto,
    async take(count) {
      const whole = takeNow(count);
      if (whole) return whole;
      const piece = new Uint8Array(count);
      await takeInto(piece);
      return piece;
    },
    async takeSome() {
      while (at === chunk.length) if (!(await refill())) return undefined;
      const rest = chunk.subarray(at);
      at = chunk.length;
      return rest;
    },
    async skip(count) {
      for (let left = count; left > 0; ) {
        if (at === chunk.length) await needMore();
        const step = Math.min(left, chunk.length - at);
        at += step;
        left -= step;
      }
    },
    async close() {
      await iterator.return?.();
    },
  };
}

const READ_BYTES = 1 << 20;

/**
 * The bytes of a file from `from` to `end` // exclusive, in chunks of a MB, each valid until the next is asked for;
 * throws `corrupt` when the file ends before.
 */
export async function* readRange(handle: FileHandle, from: number, end: number): AsyncGenerator<Uint8Array> {
  const chunk = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, Math.max(0, end - from)));
  for (let at = from; at < end; ) {
    const wanted = Math.min(chunk.length, end - at);
    const { bytesRead } = await handle.read(chunk, 0, wanted, at);
    if (bytesRead === 0)
      throw new AppError("corrupt", "the file is shorter than its header says; copy it again");
    yield chunk.subarray(0, bytesRead);
    at += bytesRead;
  }
}

/** Fills `target` from `at` on; throws `corrupt` when the file ends before. */
export async function readAtInto(handle: FileHandle, at: number, target: Uint8Array): Promise<void> {
  for (let filled = 0; filled < target.length; ) {
    const { bytesRead } = await handle.read(target, filled, target.length - filled, at + filled);
    if (bytesRead === 0)
      throw new AppError("corrupt", "the file ends in the middle of a value; copy it again");
    filled += bytesRead;
  }
}

/** Exactly `count` bytes at `at`; fewer only where the file ends. */
export async function readAt(handle: FileHandle, at: number, count: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(count);
  let filled = 0;
  while (filled < count) {
    const { bytesRead } = await handle.read(bytes, filled, count - filled, at + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/** Opens a file for reading, gives it to `use`, and closes it, also when the iteration stops early. */
export async function* withFile<T>(
  path: string,
  use: (handle: FileHandle) => AsyncIterable<T>,
): AsyncGenerator<T> {
  const handle = await open(path, "r");
  try {
    yield* use(handle);
  } finally {
    await handle.close();
  }
}
