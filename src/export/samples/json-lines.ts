import { createFirstFull } from "./first-full.ts";
import type { SampleWriterOptions } from "./writer.ts";

/** Rows of JSON Lines, in a file for each part. */
export interface JsonLinesOutput<T> {
  add(split: string, row: T): Promise<void>;
  /** Writes what waits; gives the files by their parts. */
  finish(): Promise<Map<string, string>>;
}

/**
 * Opens the output. The first row of a file is the first that `isFull`, where there is one soon enough: readers take the
 * types of columns from the first 10 MB.
 */
export function openJsonLines<T>(
  { createFile }: Pick<SampleWriterOptions, "createFile">,
  nameOf: (split: string) => string,
  isFull: (row: T) => boolean,
): JsonLinesOutput<T> {
  type Line = { text: string; full: boolean };
  const parts = new Map<string, ReturnType<typeof createFirstFull<Line>>>();
  const names = new Map<string, string>();
  const open = async (split: string) => {
    const name = nameOf(split);
    const file = await createFile(name);
    names.set(split, name);
    const part = createFirstFull<Line>({
      wanted: 1,
      filled: ({ full }) => (full ? 1 : 0),
      sizeOf: ({ text }) => text.length,
      emit: ({ text }) => file.text(text),
    });
    parts.set(split, part);
    return part;
  };
  return {
    add: async (split, row) => {
      const part = parts.get(split) ?? (await open(split));
      const writing = part.add({ text: `${JSON.stringify(row)}\n`, full: isFull(row) });
      if (writing !== undefined) await writing;
    },
    finish: async () => {
      for (const part of parts.values()) await part.finish();
      return names;
    },
  };
}
