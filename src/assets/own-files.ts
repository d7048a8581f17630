import { closeSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  cloneOwn,
  copyOwn,
  hashOpen,
  isOwn,
  linkOwn,
  type OwnFileTerms,
  writeOwn,
} from "../lake/own-copy.ts";
import { openStagedSync, type StagedFile } from "../lake/staged-file.ts";
import type { PreparedContent, PrepareRequest } from "../schema/work.ts";

type Content = PrepareRequest["contents"][number];
type Kept = Pick<Extract<PreparedContent, { ok: true }>, "file" | "file_is">;

/** An open content; `keep` stores exactly the bytes read from it. */
export interface Source {
  readonly file: StagedFile;
  /** Returns the file to store for an image whose bytes were all read from `file`. */
  keep(bytes: Uint8Array): Kept;
  /** The same for a file not yet read; also returns the hash and size of the stored bytes. */
  keepHashed(): Kept & { hash: string; bytes: number };
  /** Closes it; results of `keep` stay. */
  close(): void;
  discard(): void;
}

export interface OwnFiles {
  terms: OwnFileTerms;
  /** Takes over an open content, in the cheapest way that gives an inode of our own. */
  adopt(content: Content, file: StagedFile): Source;
}

/** Creates the files that become assets, in a request's temp folder. */
export function createOwnFiles(
  request: Pick<PrepareRequest, "file_mode" | "file_group" | "temp_folder">,
): OwnFiles {
  const terms = { mode: request.file_mode, group: request.file_group };
  let canClone = true;
  const adopt = (content: Content, given: StagedFile): Source => {
    const { place, source_hash, is_stored } = content;
    const target = join(request.temp_folder, `${source_hash}.kept`);
    const ours = isOwn(given);
    let file = given;
    let made = false;
    let isOpen = true;
    if (!is_stored) {
      rmSync(target, { force: true }); // left by a dead worker
      if (!ours && canClone) canClone = made = cloneOwn(given, target, terms);
      if (made) {
        // From here on nobody else can change the content.
        closeSync(given.fd);
        file = openOwn(target);
      }
    }
    const close = () => {
      if (isOpen) closeSync(file.fd);
      isOpen = false;
    };
    const keepAs = (write: () => void): Kept => {
      if (is_stored) return { file: place.stagedAt, file_is: "stored" };
      if (made) return { file: target, file_is: "written" };
      made = true;
      if (ours && linkOwn(place, file, target, terms)) return { file: target, file_is: "linked" };
      write();
      return { file: target, file_is: "written" };
    };
    return {
      file,
      keep: (bytes) => keepAs(() => writeOwn(bytes, target, terms)),
      keepHashed: () => {
        let copied: { hash: string; bytes: number } | undefined;
        const kept = keepAs(() => {
          copied = copyOwn(file, target, terms);
        });
        return { ...kept, ...(copied ?? hashOpen(file.fd)) };
      },
      close,
      discard: () => {
        close();
        if (made) rmSync(target, { force: true });
      },
    };
  };
  return { terms, adopt };
}

function openOwn(path: string): StagedFile {
  return openStagedSync({ stagedAt: path, staging: path }, { maxBytes: Number.POSITIVE_INFINITY });
}
