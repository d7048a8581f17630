/**
 * A text that people edit proves to be whole by its last line. Its first line names that line: so a text that is
 * seen cut off, or with parts of two states, is told from one that never had it, of version 0.1.0 or made by hand.
 */

const HEAD_START = '# This file is whole when its last line is "';
const HEAD = /^# This file is whole when its last line is "(?:# end of the file, ([0-9a-f]{16})")?.*$/m;
const END = /^# end of the file, ([0-9a-f]{16})[ \t]*\r?$/m;

/** The text with its two marks, of an id of their own; those that it has already are made again. */
export function markText(text: string): string {
  const end = `# end of the file, ${crypto.randomUUID().replaceAll("-", "").slice(0, 16)}`;
  const body = unmarkText(text).trimEnd();
  return `${HEAD_START}${end}": keep both lines.\n${body}${body === "" ? "" : "\n"}${end}\n`;
}

/** The text without its marks. */
export function unmarkText(text: string): string {
  const isMark = (line: string) => HEAD.test(line) || END.test(line);
  return text
    .split("\n")
    .filter((line) => !isMark(line))
    .join("\n");
}

/**
 * What a text says of itself: `marked` where its end is there, and the one that its head names; `cut` where not;
 * `unmarked` where it says nothing. Lines that somebody added behind the end are part of it.
 */
export function judgeText(text: string): "marked" | "cut" | "unmarked" {
  const isPadded = text.includes("\0");
  const head = HEAD.exec(text);
  const end = END.exec(text);
  if (end !== null) return isPadded || (head !== null && head[1] !== end[1]) ? "cut" : "marked";
  return isPadded || head !== null || HEAD_START.startsWith(text) ? "cut" : "unmarked";
}
