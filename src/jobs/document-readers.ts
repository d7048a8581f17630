import type { DocumentReader, PageRequest, Refusal } from "../documents/document-reader.ts";
import type { PageResult } from "../documents/page.ts";

/** Child processes that read documents, as many as there are workers; each has one page at a time. */
export interface DocumentReaders {
  extractPage(request: PageRequest): Promise<PageResult | Refusal>;
  close(): Promise<void>;
}

/** Starts no process yet: each reader starts its own with its first page. */
export function createDocumentReaders(size: number, createReader: () => DocumentReader): DocumentReaders {
  const all: DocumentReader[] = [];
  const free: DocumentReader[] = [];
  const queue: ((reader: DocumentReader) => void)[] = [];
  const next = (): DocumentReader | Promise<DocumentReader> => {
    const reader = free.pop();
    if (reader !== undefined) return reader;
    if (all.length === size) return new Promise((resolve) => queue.push(resolve));
    const created = createReader();
    all.push(created);
    return created;
  };
  return {
    extractPage: async (request) => {
      const reader = await next();
      try {
        return await reader.extractPage(request);
      } finally {
        const waiting = queue.shift();
        if (waiting) waiting(reader);
        else free.push(reader);
      }
    },
    close: async () => {
      await Promise.all(all.map((reader) => reader.close()));
    },
  };
}
