/**
 * Why files of these names, relative paths with `/` between folders, do not each get a place of their own within one
 * folder, whatever the file system; undefined where they do.
 */
export function namesProblem(names: readonly string[]): string | undefined {
  const files = new Set<string>();
  const folders = new Set<string>();
  for (const name of names) {
    const parts = name.normalize("NFC").split("/");
    if (name.includes("\\") || /\p{Cc}/u.test(name) || parts.some((part) => ["", ".", ".."].includes(part))) {
      return `${JSON.stringify(name)} is no name of a file within a folder`;
    }
    const path = parts.join("/");
    if (files.has(path)) return `two files have the name ${JSON.stringify(name)}`;
    files.add(path);
    for (let depth = 1; depth < parts.length; depth++) folders.add(parts.slice(0, depth).join("/"));
  }
  const both = [...folders].find((folder) => files.has(folder));
  return both === undefined ? undefined : `${JSON.stringify(both)} is a file and a folder`;
}
