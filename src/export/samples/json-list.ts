import { createReadStream } from "node:fs";
import type { SampleWriterOptions, TextFile } from "./writer.ts";

/** The elements of a JSON list, in a file of work until its place in the document has come. */
export interface JsonList {
  /** JSON of an element, or of several with commas between. */
  add(text: string): Promise<void> | undefined;
  /** Gives the file. */
  end(): Promise<string>;
}

export async function openJsonList(
  { createScratch }: Pick<SampleWriterOptions, "createScratch">,
  name: string,
): Promise<JsonList> {
  const file = await createScratch(name);
  let isEmpty = true;
  return {
    add: (text) => {
      const separator = isEmpty ? "" : ",\n";
      isEmpty = false;
      return file.text(separator + text);
    },
    end: async () => {
      await file.close();
      return file.path;
    },
  };
}

/** Appends a file of work to a file of the output. */
export async function copyScratch(path: string, target: TextFile): Promise<void> {
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 }))
    await target.write([piece as Buffer]);
}
