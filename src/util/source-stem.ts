/**
 * What a label of a page may be named after: the last part of its name without the extension. A page of a document is
 * found by the document, if it has no other page, and by its number: `contract.pdf#page=3` by `contract#page=3`.
 */
export function stemsOf(sourceName: string): string[] {
  const name = sourceName.slice(sourceName.lastIndexOf("/") + 1);
  const [, file = "", page] = /^(.*?)(#page=\d+)?$/s.exec(name) ?? [];
  const stem = file.replace(/\.[^.]*$/, "");
  return page === undefined ? [stem] : [stem, `${stem}${page}`, name];
}
