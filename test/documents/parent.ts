/** Has the first page of a PDF drawn, as long as that takes: parent.ts MAIN PDF OUTPUT */
import { createDocumentReader } from "../../src/documents/document-reader.ts";

const [main = "", path = "", output = ""] = process.argv.slice(2);
const limits = { pauseMs: 3_600_000, killMs: 3_600_000 };
const reader = createDocumentReader({ selfCommand: [process.execPath, main], limits });
const request = {
  path,
  page: 1,
  passwords: [],
  dpi: 72,
  font: null,
  maxPixels: 1e8,
  image: true,
  text: false,
};
await reader.extractPage({ ...request, output });
