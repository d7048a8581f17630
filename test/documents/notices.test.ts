/** What of a document is none of its pages is left out, and told. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDocumentReader, type DocumentReader } from "../../src/documents/document-reader.ts";
import { PROGRAM } from "../jobs/staging-kit.ts";
import { objectsOf, type PdfObject, writePdf } from "./write-pdf.ts";

setDefaultTimeout(120_000);

let folder: string;
let reader: DocumentReader;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "datalake-notices-"));
  reader = createDocumentReader({ selfCommand: PROGRAM });
});
afterAll(async () => {
  await reader.close();
  await rm(folder, { recursive: true, force: true });
});

/** A page, with further entries of the catalog and objects that they refer to, `@0`, `@1`... */
async function noticesOf(catalog: string, extra: readonly PdfObject[]): Promise<readonly string[]> {
  const first = objectsOf([{ content: "0 0 10 10 re f" }]);
  const numbered = (text: string) =>
    text.replace(/@(\d+)/g, (_, index) => `${first.length + 1 + Number(index)} 0 R`);
  const [root, ...pages] = first;
  const objects = [
    String(root).replace(/>>$/, `${numbered(catalog)}>>`),
    ...pages,
    ...extra.map((one) => (typeof one === "string" ? numbered(one) : one)),
  ];
  const path = join(folder, `${crypto.randomUUID()}.pdf`);
  await writeFile(path, writePdf(objects));
  return (await reader.describe(path, { passwords: [] })).notices;
}

test("files inside are counted, an XFA form is told, and nothing of others", async () => {
  expect(await noticesOf("", [])).toEqual([]);
  const file = (name: string) => `<</Type/Filespec/F(${name})/UF(${name})/EF<</F @0>>>>`;
  const content = { dictionary: "/Type/EmbeddedFile", data: Buffer.from("a contract") };
  const names = "/Names<</EmbeddedFiles<</Names[(a.pdf)@1(b.pdf)@2]>>>>/Collection<</Type/Collection>>";
  expect(await noticesOf(names, [content, file("a.pdf"), file("b.pdf")])).toEqual([
    "it holds 2 files, left out: save them beside it to be uploaded too",
  ]);
  const xfa = { dictionary: "", data: Buffer.from("<xdp:xdp/>") };
  const form = "/AcroForm<</Fields[]/XFA @0>>";
  expect(await noticesOf(`${form}/NeedsRendering true`, [xfa])).toEqual([
    expect.stringContaining("XFA"),
  ] as string[]);
  expect(await noticesOf(form, [xfa])).toEqual([]);
});
