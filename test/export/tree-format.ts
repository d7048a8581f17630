import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ExportFormat } from "../../src/export/formats.ts";
import { createOutputFile } from "../../src/export/output-file.ts";
import type { ExportedFile } from "../../src/export/writer.ts";

/** A format in one file: each row is a file in a folder of its own, with an empty file beside each, and one for all. */
export const TREE: ExportFormat = {
  name: "tree",
  layout: "folder",
  hint: "a file for each row, in folders",
  images: ["none"],
  open: async ({ folder, schema }) => {
    const files: ExportedFile[] = [];
    const write = async (name: string, rows: number, text: string) => {
      const file = await createOutputFile(join(folder, name));
      await file.write([Buffer.from(text)]);
      files.push({ name, rows, ...(await file.close()) });
    };
    return {
      write: async (batch) => {
        for (const row of batch) {
          const place = `쪽/${files.length % 3}/50% #${files.length}`;
          // Of equal texts equal files, which a client fetches once.
          await write(`${place}/글.txt`, 1, String(row?.text));
          await writeFile(join(dirname(join(folder, `${place}/글.txt`)), "empty"), "");
        }
      },
      finish: async () => {
        await write("쪽/columns.json", 0, JSON.stringify(schema.names));
        return files;
      },
      abort: async () => {},
    };
  },
};
