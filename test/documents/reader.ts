import { afterAll } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createDocumentReader, type PageRequest } from "../../src/documents/document-reader.ts";
import type { DocumentLimits } from "../../src/documents/limits.ts";
import { createLogger } from "../../src/log.ts";

export const MAIN = resolve(import.meta.dir, "../../src/main.ts");

/** A reader of documents, for the tests of one file, and a folder for them. */
export function startReader(
  limits: Partial<DocumentLimits> = {},
  selfCommand: readonly string[] = [process.execPath, MAIN],
) {
  const folder = mkdtempSync(join(tmpdir(), "documents-"));
  const log: string[] = [];
  const logger = createLogger({ write: (line) => log.push(line) }, "debug");
  const reader = createDocumentReader({ selfCommand, limits, logger });
  afterAll(async () => {
    await reader.close();
    rmSync(folder, { recursive: true });
  });
  let count = 0;
  const file = (bytes: Uint8Array): string => {
    const path = join(folder, `${count++}.pdf`);
    writeFileSync(path, bytes);
    return path;
  };
  const page = (bytes: Uint8Array | string, more: Partial<PageRequest> = {}) =>
    reader.extractPage({
      path: typeof bytes === "string" ? bytes : file(bytes),
      page: 1,
      passwords: [],
      dpi: 72,
      font: null,
      maxPixels: 100_000_000,
      image: true,
      text: false,
      output: join(folder, `${count++}.out`),
      ...more,
    });
  return { reader, folder, log, file, page };
}
