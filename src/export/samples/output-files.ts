import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { removeTree } from "../../lake/files.ts";
import { createOutputFile, type OutputFile } from "../output-file.ts";
import type { ExportedFile } from "../writer.ts";
import type { SampleWriterOptions, TextFile } from "./writer.ts";

/** Texts are gathered up to this before they are written. */
const GATHERED = 1 << 18;

/** The files of an output while it is made. */
export interface OutputFiles extends Pick<SampleWriterOptions, "createFile" | "createScratch"> {
  /** Ends all files, removes those of work, and gives the others. */
  finish(): Promise<ExportedFile[]>;
  abort(): Promise<void>;
}

/** `scratch` is a folder within the output, which is gone when it is complete. */
export function createOutputFiles(folder: string, scratch: string): OutputFiles {
  const open = new Map<string, OpenFile>();
  const works: OpenFile[] = [];
  return {
    createFile: async (name) => {
      const file = openText(await createOutputFile(join(folder, name)));
      open.set(name, file);
      return file;
    },
    createScratch: async (name) => {
      await mkdir(scratch, { recursive: true });
      const path = join(scratch, `${works.length}-${name.replaceAll("/", "_")}`);
      const file = openText(await createOutputFile(path));
      works.push(file);
      return { ...file, path, close: async () => void (await file.close()) };
    },
    finish: async () => {
      const files: ExportedFile[] = [];
      for (const [name, file] of open) files.push({ name, rows: 0, ...(await file.close()) });
      for (const file of works) await file.close();
      await removeTree(scratch);
      return files;
    },
    abort: async () => {
      for (const file of [...open.values(), ...works]) await file.close().catch(() => {});
    },
  };
}

interface OpenFile extends TextFile {
  close(): ReturnType<OutputFile["close"]>;
}

function openText(file: OutputFile): OpenFile {
  let gathered: string[] = [];
  let length = 0;
  let closed: ReturnType<OutputFile["close"]> | undefined;
  const flush = async () => {
    if (gathered.length === 0) return;
    const text = gathered.join("");
    gathered = [];
    length = 0;
    await file.write([Buffer.from(text)]);
  };
  return {
    bytes: () => file.bytes() + length,
    write: async (pieces) => {
      await flush();
      await file.write(pieces);
    },
    text: (text) => {
      gathered.push(text);
      length += text.length;
      return length >= GATHERED ? flush() : undefined;
    },
    close: () => {
      closed ??= flush().then(() => file.close());
      return closed;
    },
  };
}
