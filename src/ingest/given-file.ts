import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { Input } from "./input.ts";

/** The input, whose rows may name the given file itself, as an image or a document does, and no other file. */
export function withGivenFile(input: Input, path: string): Input {
  const name = basename(path).normalize("NFC");
  return {
    ...input,
    openEntry: (named) => {
      if (named.normalize("NFC") !== name) return input.openEntry?.(named);
      return { sizeBytes: Bun.file(path).size, bytes: () => readFile(path), asFile: (use) => use(path) };
    },
  };
}
