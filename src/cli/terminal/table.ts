export interface TableColumn {
  title: string;
  /** Numbers are right-aligned. */
  align?: "left" | "right";
}

/** Rows under their titles as aligned lines, two spaces between columns; wide letters (한글) count as two cells. */
export function renderTable(columns: readonly TableColumn[], rows: readonly (readonly string[])[]): string {
  const lines = [columns.map((column) => column.title), ...rows.map((row) => row.map(oneLine))];
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => Bun.stringWidth(line[at] ?? ""))));
  return lines
    .map((line) =>
      columns
        .map((column, at) => padCell(line[at] ?? "", widths[at] ?? 0, column.align ?? "left"))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** `text` padded to `width` cells. */
export function padCell(text: string, width: number, align: "left" | "right" = "left"): string {
  const fill = " ".repeat(Math.max(0, width - Bun.stringWidth(text)));
  return align === "left" ? text + fill : fill + text;
}

/** `text` cut to at most `width` cells, with `…` where something was cut. */
export function cutCell(text: string, width: number): string {
  if (Bun.stringWidth(text) <= width) return text;
  let cut = "";
  let used = 1;
  for (const segment of graphemes(text)) {
    used += Bun.stringWidth(segment);
    if (used > width) break;
    cut += segment;
  }
  return `${cut}…`;
}

/** Letters that no other joins: of ASCII, of Korean in NFC, of Chinese characters. */
const SINGLE = /^[ -~…가-힣一-鿿]*$/;

/** What a reader takes for one character each. The segmenter takes 6 ms to load, and most texts need none. */
export function graphemes(text: string): string[] {
  if (SINGLE.test(text)) return text.split("");
  return Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
}

/** Values come from files: a line break or a control character must not break the table. */
export function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ");
}
