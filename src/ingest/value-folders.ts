import { dirname, relative } from "node:path";

/** `lang=ko`, as Spark and pandas name the folders of a table that they part by a column. */
const VALUE_FOLDER = /^([^=]+)=/;

/**
 * Tells of folders that are named by a column and its value: the column stands in no file, so it is not read. `folder` is
 * what all files are below, `columns` are those of the files.
 */
export function valueFolderNotices(
  folder: string,
  files: readonly string[],
  columns: readonly { name: string }[],
): string[] {
  const folders = new Set(files.map((file) => dirname(relative(folder, file))));
  const named = Array.from(folders, (path) => path.split("/")).flat();
  const names = new Set(named.flatMap((name) => VALUE_FOLDER.exec(name)?.[1] ?? []));
  for (const { name } of columns) names.delete(name);
  if (names.size === 0) return [];
  const are = names.size === 1 ? "a column that is" : "columns that are";
  return [
    `folders are named by values of ${Array.from(names).join(", ")}, ${are} in no file and not read; write the values into the files`,
  ];
}
