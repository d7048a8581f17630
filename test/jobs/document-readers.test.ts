import { expect, test } from "bun:test";
import type { DocumentReader, PageRequest } from "../../src/documents/document-reader.ts";
import { AppError } from "../../src/errors.ts";
import { createDocumentReaders } from "../../src/jobs/document-readers.ts";

/** A reader that works until it is closed. */
function endless(): DocumentReader {
  const closed = Promise.withResolvers<never>();
  closed.promise.catch(() => {});
  return {
    extractPage: () => closed.promise,
    close: async () => closed.reject(new AppError("cancelled", "cancelled")),
  } as unknown as DocumentReader;
}

test("what is told to stop ends what is in work, and refuses what waits and what is asked later", async () => {
  const readers = createDocumentReaders(1, endless);
  const ask = () => readers.extractPage({} as PageRequest).catch((error: AppError) => error.code);
  const asked = Array.from({ length: 5 }, ask);
  readers.stop();
  const ends = await Promise.all([...asked, ask()]);
  expect(ends.map(String)).toEqual(Array.from({ length: 6 }, () => "cancelled"));
  await readers.close();
});
