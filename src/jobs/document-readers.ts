import type {
  ConvertRequest,
  ConvertResult,
  DocumentReader,
  PageRequest,
  Refusal,
} from "../documents/document-reader.ts";
import type { PageResult } from "../documents/page.ts";
import { AppError } from "../errors.ts";

/** Requests per reader: it renders a page while writing the previous one. */
const WORK_AHEAD = 2;

/** Child processes that read documents, one per worker. */
export interface DocumentReaders {
  extractPage(request: PageRequest): Promise<PageResult | Refusal>;
  convert(request: ConvertRequest): Promise<ConvertResult | Refusal>;
  /** Ends the processes, which keep their last document open; the next work starts them again. */
  rest(): Promise<void>;
  /** Ends what is in work and refuses what waits and what is asked later, with `cancelled`. */
  stop(): void;
  close(): Promise<void>;
}

export function createDocumentReaders(size: number, createReader: () => DocumentReader): DocumentReaders {
  const readers: { reader: DocumentReader; running: number }[] = [];
  const queue: (() => void)[] = [];
  let stopped = false;
  /** The least busy reader, preferring new ones; undefined if all are saturated. */
  const choose = () => {
    const idlest = readers.toSorted((a, b) => a.running - b.running)[0];
    if (idlest?.running !== 0 && readers.length < size) {
      const created = { reader: createReader(), running: 0 };
      readers.push(created);
      return created;
    }
    return idlest !== undefined && idlest.running < WORK_AHEAD ? idlest : undefined;
  };
  const take = () => {
    if (stopped) throw new AppError("cancelled", "the readers of documents were stopped");
    return choose();
  };
  const withReader = async <T>(use: (reader: DocumentReader) => Promise<T>): Promise<T> => {
    let entry = take();
    while (entry === undefined) {
      await new Promise<void>((resolve) => queue.push(resolve));
      entry = take();
    }
    entry.running++;
    try {
      return await use(entry.reader);
    } finally {
      entry.running--;
      queue.shift()?.();
    }
  };
  const end = async () => {
    await Promise.all(readers.splice(0).map(({ reader }) => reader.close()));
  };
  return {
    extractPage: (request) => withReader((reader) => reader.extractPage(request)),
    convert: (request) => withReader((reader) => reader.convert(request)),
    rest: end,
    stop: () => {
      stopped = true;
      for (const wake of queue.splice(0)) wake();
      void end();
    },
    close: end,
  };
}
