/**
 * Folders in which file servers, NAS systems and operating systems keep what is theirs: thumbnails, snapshots,
 * deleted files.
 */
const FOLDERS = new Set([
  "@eadir",
  "@tmp",
  "@recycle",
  "@recently-snapshot",
  "#recycle",
  "#snapshot",
  "$recycle.bin",
  "recycler",
  "system volume information",
  "lost+found",
  "__macosx",
  "network trash folder",
  "temporary items",
]);
const FILES = new Set(["thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"]);

/**
 * Whether an entry of a folder is not a file of its owner's: a system's leftover, or hidden, as `.snapshot`,
 * `.DS_Store` and macOS's `._page.jpg` are. `name` is the entry's own, not its path.
 */
export function isLeftover(name: string, isFolder: boolean): boolean {
  return name.startsWith(".") || (isFolder ? FOLDERS : FILES).has(name.toLowerCase());
}
