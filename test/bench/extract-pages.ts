/** Takes pages out of a PDF with the compiled binary: extract-pages.ts BINARY FILE PAGES FOLDER. After the last it begins anew. */
import { join } from "node:path";
import { createDocumentReader } from "../../src/documents/document-reader.ts";

const [binary = "", path = "", count = "0", folder = ""] = process.argv.slice(2);
/** As many as the reader sends ahead. */
const IN_FLIGHT = 3;

const reader = createDocumentReader({ selfCommand: [binary] });
const { pages } = await reader.describe(path, { passwords: [] });
const request = { path, passwords: [], dpi: 200, font: null, maxPixels: 1e8, image: true, text: false };
let next = 0;
const work = async () => {
  while (next < Number(count)) {
    const page = (next++ % pages) + 1;
    const result = await reader.extractPage({ ...request, page, output: join(folder, String(page)) });
    if (!result.ok) throw new Error(result.reason);
  }
};
await Promise.all(Array.from({ length: IN_FLIGHT }, work));
await reader.close();
