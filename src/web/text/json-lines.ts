/** JSON in lines, as it was written: numbers and escapes stay as they are. */
export interface JsonLines {
  lines: string[];
  /** The lines of the values at the paths that were asked for; `end` exclusive. */
  places: Map<string, [first: number, end: number]>;
}

const TOKEN = /\s*(?:([{}[\],:])|("(?:[^"\\]|\\.)*")|([^\s{}[\],:"]+))/suy;
/** A list of numbers, which stays on one line: a box. */
const NUMBERS = /\s*\[\s*(?:[-+.\deE]+\s*,\s*)*[-+.\deE]+\s*\]/uy;
const MAX_NUMBERS_CHARS = 100;

interface Open {
  isList: boolean;
  path: string;
  /** Of the next value in it. */
  key: string;
  index: number;
  /** Where it began. */
  line: number;
}

/**
 * Breaks JSON into lines with two spaces for each level. Of text that is no JSON, or was cut, what cannot be read comes
 * as it stands.
 */
export function layOutJson(text: string, wanted: ReadonlySet<string>): JsonLines {
  const lines: string[] = [];
  const places: JsonLines["places"] = new Map();
  const open: Open[] = [];
  let line = "";
  let at = 0;
  const pathHere = () => {
    const around = open.at(-1);
    if (around === undefined) return "$";
    return around.path + (around.isList ? `[${around.index}]` : around.key);
  };
  const note = (path: string, first: number, end: number) => {
    if (wanted.has(path)) places.set(path, [first, end]);
  };
  const push = () => {
    if (line !== "") lines.push("  ".repeat(open.length) + line);
    line = "";
  };
  while (at < text.length) {
    NUMBERS.lastIndex = at;
    const numbers = NUMBERS.exec(text)?.[0];
    if (numbers !== undefined && numbers.length <= MAX_NUMBERS_CHARS) {
      note(pathHere(), lines.length, lines.length + 1);
      line += numbers.replace(/\s+/gu, "").replaceAll(",", ", ");
      at = NUMBERS.lastIndex;
      continue;
    }
    TOKEN.lastIndex = at;
    const [, sign, string, word] = TOKEN.exec(text) ?? [];
    if (sign === undefined && string === undefined && word === undefined) break;
    at = TOKEN.lastIndex;
    const around = open.at(-1);
    if (sign === "{" || sign === "[") {
      const path = pathHere();
      line += sign;
      const first = lines.length;
      push();
      open.push({ isList: sign === "[", path, key: "", index: 0, line: first });
    } else if (sign === "}" || sign === "]") {
      push();
      const closed = open.pop();
      // An empty one is closed where it was opened.
      line = closed?.line === lines.length - 1 ? `${lines.pop()?.trimStart()}${sign}` : sign;
      if (closed !== undefined) note(closed.path, closed.line, lines.length + 1);
    } else if (sign === ",") {
      line += ",";
      push();
      if (around) around.index++;
    } else if (sign === ":") line += ": ";
    else {
      const value = (string ?? word) as string;
      if (around && !around.isList && line === "" && string !== undefined) around.key = stepOf(string);
      else note(pathHere(), lines.length, lines.length + 1);
      line += value;
    }
  }
  push();
  const rest = text.slice(at).trimEnd();
  if (rest !== "") lines.push(...rest.split("\n"));
  return { lines, places };
}

/** A key as it stands in a path: `.text`, `["a key"]`. */
function stepOf(quoted: string): string {
  const key = parse(quoted);
  return /^[\p{L}\p{N}_-]+$/u.test(key) ? `.${key}` : `["${key.replace(/["\\]/g, "\\$&")}"]`;
}

function parse(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted.slice(1, -1); // with a line break in it, say
  }
}
