import type {
  ConvertRequest,
  ConvertResult,
  DocumentReader,
  PageRequest,
  Refusal,
} from "../documents/document-reader.ts";
import type { PageResult } from "../documents/page.ts";

/** Requests per reader: it renders a page while writing the previous one. */
const WORK_AHEAD = 2;

/** Child processes that read documents, one per worker. */
export interface DocumentReaders {
  extractPage(request: PageRequest): Promise<PageResult | Refusal>;
  convert(request: ConvertRequest): Promise<ConvertResult | Refusal>;
  /** Ends the processes, which keep their last document open; the next work starts them again. */
  rest(): Promise<void>;
  close(): Promise<void>;
}

export function createDocumentReaders(size: number, createReader: () => DocumentReader): DocumentReaders {
  const readers: { reader: DocumentReader; running: number }[] = [];
  const queue: (() => void)[] = [];
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
  const withReader = async <T>(use: (reader: DocumentReader) => Promise<T>): Promise<T> => {
    let entry = choose();
    while (entry === undefined) {
      await new Promise<void>((resolve) => queue.push(resolve));
      entry = choose();
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
    close: end,
  };
}
