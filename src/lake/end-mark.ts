/**
 * A text edited by people proves its completeness by its last line, which the first line announces. This
 * distinguishes a truncated or mixed text from one without marks (version 0.1.0, or handwritten).
 */

const HEAD_START = '# This file is whole when its last line is "';
const HEAD = /^# This file is whole when its last line is "(?:# end of the file, ([0-9a-f]{16})")?.*$/m;
const END = /^# end of the file, ([0-9a-f]{16})[ \t]*\r?$/m;

/** Adds both marks with a new id, replacing existing ones. */
export function markText(text: string): string {
  const end = `# end of the file, ${crypto.randomUUID().replaceAll("-", "").slice(0, 16)}`;
  const body = unmarkText(text).trimEnd();
  return `${HEAD_START}${end}": keep both lines.\n${body}${body === "" ? "" : "\n"}${end}\n`;
}

/** Removes the marks. */
export function unmarkText(text: string): string {
  const isMark = (line: string) => HEAD.test(line) || END.test(line);
  return text
    .split("\n")
    .filter((line) => !isMark(line))
    .join("\n");
}

/**
 * `marked`: the announced end is present; `cut`: it is missing; `unmarked`: no announcement. Lines that a
 * user added after the end count as part of the text.
 */
export function judgeText(text: string): "marked" | "cut" | "unmarked" {
  const isPadded = text.includes("\0");
  const head = HEAD.exec(text);
  const end = END.exec(text);
  if (end !== null) return isPadded || (head !== null && head[1] !== end[1]) ? "cut" : "marked";
  return isPadded || head !== null || HEAD_START.startsWith(text) ? "cut" : "unmarked";
}
