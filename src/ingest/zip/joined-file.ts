import { type FileHandle, open } from "node:fs/promises";
import { Readable } from "node:stream";
import { RandomAccessReader } from "yauzl";
import type { LocalPath } from "../legacy-names.ts";

const CHUNK_BYTES = 1 << 20;

interface Part {
  handle: FileHandle;
  begin: number;
  /** Exclusive. */
  end: number;
}

/** Files that follow each other, read as one. Its list is read in small pieces: those come from a window in memory. */
export class JoinedFile extends RandomAccessReader {
  readonly sizeBytes: number;
  readonly #parts: readonly Part[];
  #window: { begin: number; bytes: Buffer } | undefined;
  /** Small reads that follow each other: set while the list is read. */
  readsList = false;

  constructor(parts: readonly Part[]) {
    super();
    this.#parts = parts;
    this.sizeBytes = parts.at(-1)?.end ?? 0;
  }

  /** Fills `target` from `position` on; throws where the file ends before. */
  async readInto(target: Uint8Array, position: number): Promise<void> {
    for (let filled = 0; filled < target.length; ) {
      const at = position + filled;
      const part = this.#parts.find(({ begin, end }) => at >= begin && at < end);
      if (part === undefined) throw new Error("unexpected end of the file");
      const wanted = Math.min(target.length - filled, part.end - at);
      const { bytesRead } = await part.handle.read(target, filled, wanted, at - part.begin);
      if (bytesRead === 0) throw new Error("unexpected end of the file");
      filled += bytesRead;
    }
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    const target = buffer.subarray(offset, offset + length);
    this.#readWindow(target, position).then(() => callback(null), callback);
  }

  async #readWindow(target: Buffer, position: number): Promise<void> {
    if (!this.readsList || target.length > CHUNK_BYTES) return this.readInto(target, position);
    const end = position + target.length;
    let window = this.#window;
    if (window === undefined || position < window.begin || end > window.begin + window.bytes.length) {
      if (end > this.sizeBytes) throw new Error("unexpected end of the file");
      const bytes = Buffer.alloc(Math.min(CHUNK_BYTES, this.sizeBytes - position));
      await this.readInto(bytes, position);
      window = this.#window = { begin: position, bytes };
    }
    window.bytes.copy(target, 0, position - window.begin, end - window.begin);
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#chunks(start, end));
  }

  async *#chunks(start: number, end: number): AsyncGenerator<Buffer> {
    for (let at = start; at < end; at += CHUNK_BYTES) {
      const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, end - at));
      await this.readInto(chunk, at);
      yield chunk;
    }
  }

  override close(callback: (error: Error | null) => void): void {
    Promise.all(this.#parts.map(({ handle }) => handle.close())).then(() => callback(null), callback);
  }
}

/** Opens files as one, in this order. */
export async function openJoined(paths: readonly LocalPath[]): Promise<JoinedFile> {
  const parts: Part[] = [];
  try {
    for (const path of paths) {
      const handle = await open(path, "r");
      const begin = parts.at(-1)?.end ?? 0;
      parts.push({ handle, begin, end: begin });
      const { size } = await handle.stat();
      parts.splice(-1, 1, { handle, begin, end: begin + size });
    }
  } catch (error) {
    await Promise.all(parts.map(({ handle }) => handle.close()));
    throw error;
  }
  return new JoinedFile(parts);
}
