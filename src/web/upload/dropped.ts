import type { ZippedFile } from "./zip.ts";

/** Files that were dropped or chosen, those in folders too, hidden ones left out. */
export async function droppedFiles(transfer: DataTransfer): Promise<ZippedFile[]> {
  // All has to be taken before the first wait: the transfer is empty afterwards.
  const items = [...transfer.items].filter(({ kind }) => kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry() ?? item.getAsFile());
  const files: ZippedFile[] = [];
  for (const entry of entries) {
    if (entry instanceof File) files.push({ path: entry.name, content: entry });
    else if (entry !== null) await collect(entry, "", files);
  }
  return inOrder(files);
}

export function chosenFiles(list: FileList): ZippedFile[] {
  return inOrder(
    [...list]
      .map((file) => ({ path: file.webkitRelativePath || file.name, content: file }))
      .filter(({ path }) => !isHidden(path)),
  );
}

/** The same files make the same zip, however they were given: an upload of it can be gone on with. */
function inOrder(files: ZippedFile[]): ZippedFile[] {
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function collect(entry: FileSystemEntry, folder: string, files: ZippedFile[]): Promise<void> {
  const path = `${folder}${entry.name}`;
  if (isHidden(entry.name)) return;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    files.push({ path, content: file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // It gives a part of the folder each time, and at last nothing.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return;
    for (const one of some) await collect(one, `${path}/`, files);
  }
}

function isHidden(path: string): boolean {
  return path.split("/").some((part) => part.startsWith(".") || part === "Thumbs.db" || part === "@eaDir");
}
