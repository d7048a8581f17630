import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { RandomAccessReader } from "yauzl";
import type { LocalPath } from "../legacy-names.ts";
import type { OpenFiles } from "./open-files.ts";

const CHUNK_BYTES = 1 << 20;

/** Bytes of a file that are a file by themselves: one that is stored in a zip as it is. `end` is exclusive. */
export interface FileSection {
  file: LocalPath;
  begin: number;
  end: number;
}

/** Where the bytes of a zip, or of a part of it, are. */
export type FilePlace = LocalPath | FileSection;

interface Part {
  place: FileSection;
  begin: number;
  /** Exclusive. */
  end: number;
}

/** Files that follow each other, read as one. Its list is read in small pieces: those come from a window in memory. */
export class JoinedFile extends RandomAccessReader {
  readonly sizeBytes: number;
  readonly #files: OpenFiles;
  readonly #parts: readonly Part[];
  #window: { begin: number; bytes: Buffer } | undefined;
  /** Small reads that follow each other. */
  #readsList = true;

  constructor(files: OpenFiles, parts: readonly Part[]) {
    super();
    this.#files = files;
    this.#parts = parts;
    this.sizeBytes = parts.at(-1)?.end ?? 0;
  }

  /** What is read from now on is what the list tells of. */
  endList(): void {
    this.#readsList = false;
    this.#window = undefined;
  }

  /** Fills `target` from `position` on; throws where the file ends before. */
  async readInto(target: Uint8Array, position: number): Promise<void> {
    for (let filled = 0; filled < target.length; ) {
      const at = position + filled;
      const part = this.#parts.find(({ begin, end }) => at >= begin && at < end);
      if (part === undefined) throw new Error("unexpected end of the file");
      const wanted = Math.min(target.length - filled, part.end - at);
      const from = part.place.begin + at - part.begin;
      const read = this.#files.use(part.place.file, (handle) => handle.read(target, filled, wanted, from));
      const { bytesRead } = await read;
      if (bytesRead === 0) throw new Error("unexpected end of the file");
      filled += bytesRead;
    }
  }

  /** Where its bytes from `begin` to `end`, exclusive, are; undefined where they are not in one file. */
  sectionOf(begin: number, end: number): FileSection | undefined {
    const part = this.#parts.find((one) => begin >= one.begin && end <= one.end);
    if (part === undefined) return undefined;
    const { file, begin: first } = part.place;
    return { file, begin: first + begin - part.begin, end: first + end - part.begin };
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
    if (!this.#readsList || target.length > CHUNK_BYTES) return this.readInto(target, position);
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
}

/** Whether a place is a part of a file. */
export function isSection(place: FilePlace): place is FileSection {
  return typeof place === "object" && !Buffer.isBuffer(place);
}

export async function placeSize(place: FilePlace): Promise<number> {
  return isSection(place) ? place.end - place.begin : (await stat(place)).size;
}

/** Reads files as one, in this order. */
export async function joinFiles(places: readonly FilePlace[], files: OpenFiles): Promise<JoinedFile> {
  const parts: Part[] = [];
  for (const place of places) {
    const section = isSection(place) ? place : await wholeFile(place, files);
    const begin = parts.at(-1)?.end ?? 0;
    parts.push({ place: section, begin, end: begin + section.end - section.begin });
  }
  return new JoinedFile(files, parts);
}

async function wholeFile(file: LocalPath, files: OpenFiles): Promise<FileSection> {
  const { size } = await files.use(file, (handle) => handle.stat());
  return { file, begin: 0, end: size };
}
