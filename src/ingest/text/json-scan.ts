import { numberKind } from "./exact-number.ts";
import { JSON_SHAPE, listShape, mergeShapes, NULL_SHAPE, type Shape, scalarShape } from "./json-shape.ts";
import { unescapeText } from "./json-text.ts";
import { RowProblem } from "./row-problem.ts";

/** The value of a key as compact JSON text, numbers as they are written; null for null. */
export interface Cell {
  text: string | null;
  shape: Shape;
}

export interface ScannedRow {
  cells: Map<string, Cell>;
  /** NaN and infinities inside lists and objects, where JSON has null for them. */
  notNumbers: number;
}

/** Levels of lists and objects; what reads JSON later calls itself for each, and no label has so many. */
export const MAX_LEVELS = 100;

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-])/y;
/** As Python writes them, and others. */
const NOT_NUMBER = /[-+]?(?:nan|infinity|inf)(?!\w)/iy;
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are looked for
const CONTROL = /[\0-\x1f]/;
const NAMES: [string, Shape][] = [
  ["true", scalarShape("boolean")],
  ["false", scalarShape("boolean")],
  ["null", NULL_SHAPE],
];
const NO_JSON = "the line is not JSON";
/** Keys of an object up to which a list is quicker than a set. */
const FEW_KEYS = 16;

let source = "";
let at = 0;
/** The compact text of the value in work, but for `source` from here on. */
let out = "";
let from = 0;
let depth = 0;
let notNumbers = 0;
let hasControls = false;
/** Where the next backslash stands, at this place or behind; the length of the text where none does. */
let nextEscape = 0;

/**
 * Reads the text of one JSON object as a row. Of a key of the row that comes twice the last value counts, as for
 * every reader of JSON. Texts lose nothing: numbers keep all their digits, keys their order; `\u` escapes become
 * the characters they mean. Throws `RowProblem`.
 */
export function scanRow(text: string): ScannedRow {
  source = text;
  at = depth = notNumbers = from = 0;
  out = "";
  hasControls = CONTROL.test(source);
  nextEscape = -1;
  skipSpace();
  if (source.charCodeAt(at) !== 123)
    throw new RowProblem(isJson(text) ? "the line is not a JSON object" : NO_JSON);
  const cells: ScannedRow["cells"] = new Map();
  readFields((key) => {
    out = "";
    from = at;
    const shape = readTop();
    const value = out + source.slice(from, at);
    cells.set(key, { text: value === "null" ? null : value, shape });
  });
  skipSpace();
  if (at < source.length) throw new RowProblem(`${NO_JSON}: something follows the object`);
  source = ""; // it may be large
  return { cells, notNumbers };
}

/** Goes over white space, which the compact text lacks. */
function skipSpace(): void {
  const start = at;
  for (;;) {
    const code = source.charCodeAt(at);
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) break;
    at++;
  }
  if (at > start) replaceSince(start, "");
}

/** Puts another text in the place of what stands from `start` to here. */
function replaceSince(start: number, text: string): void {
  out += source.slice(from, start) + text;
  from = at;
}

/** Reads a string; says whether it holds a backslash. */
function skipString(): boolean {
  const start = at;
  if (source.charCodeAt(at) !== 34) throw new RowProblem(NO_JSON);
  if (nextEscape < start) {
    nextEscape = source.indexOf("\\", start);
    if (nextEscape < 0) nextEscape = source.length;
  }
  let end = source.indexOf('"', start + 1);
  const isEscaped = nextEscape < end;
  for (;;) {
    if (end < 0) throw new RowProblem(NO_JSON);
    if (!isEscaped) break;
    let slashes = 0;
    while (source.charCodeAt(end - 1 - slashes) === 92) slashes++;
    if (slashes % 2 === 0) break;
    end = source.indexOf('"', end + 1);
  }
  at = end + 1;
  if (hasControls && CONTROL.test(source.slice(start, at))) {
    throw new RowProblem(`${NO_JSON}: a text holds a control character that is not escaped`);
  }
  if (!isEscaped) return false;
  const text = source.slice(start, at);
  const plain = unescapeText(text);
  if (plain !== text) replaceSince(start, plain);
  return true;
}

/** Reads a string and gives what it says. */
function readKey(): string {
  const start = at;
  const isEscaped = skipString();
  return isEscaped ? (JSON.parse(source.slice(start, at)) as string) : source.slice(start + 1, at - 1);
}

/** Goes over the number at this place; false where there is none as JSON has it. */
function skipNumber(): boolean {
  let end = at;
  if (source.charCodeAt(end) === 45) end++;
  const first = source.charCodeAt(end);
  if (first >= 49 && first <= 57) {
    let code = source.charCodeAt(++end);
    while (code >= 48 && code <= 57) code = source.charCodeAt(++end);
    // An integer, the most of what labels hold, ends before one of these.
    if (code === 44 || code === 93 || code === 125 || code === 32) {
      at = end;
      return true;
    }
  }
  NUMBER.lastIndex = at;
  if (!NUMBER.test(source)) return false;
  at = NUMBER.lastIndex;
  return true;
}

/** Reads the value of a key of the row; a number that is none keeps its name. */
function readTop(): Shape {
  const code = source.charCodeAt(at);
  if (code === 123) {
    skipObject();
    return JSON_SHAPE;
  }
  return code === 91 ? readList() : readScalar(true);
}

function readScalar(isTop: boolean): Shape {
  const code = source.charCodeAt(at);
  if (code === 34) {
    skipString();
    return scalarShape("string");
  }
  const start = at;
  if (isDigit(code) && skipNumber()) return scalarShape(numberKind(source.slice(start, at)));
  return readWord(isTop);
}

const isDigit = (code: number) => code === 45 || (code >= 48 && code <= 57);

function readWord(isTop: boolean): Shape {
  for (const [name, shape] of NAMES) {
    if (!source.startsWith(name, at)) continue;
    at += name.length;
    return shape;
  }
  NOT_NUMBER.lastIndex = at;
  const word = NOT_NUMBER.exec(source)?.[0];
  if (word === undefined) throw new RowProblem(NO_JSON);
  const start = at;
  at += word.length;
  if (!isTop) notNumbers++;
  replaceSince(start, isTop ? pythonName(word) : "null");
  return scalarShape("double");
}

/** What Python reads in JSON beside values of other types. */
function pythonName(word: string): string {
  if (/nan$/i.test(word)) return "NaN";
  return word.startsWith("-") ? "-Infinity" : "Infinity";
}

/** Goes over a value whose shape nobody asks for: in an object. */
function skipValue(): void {
  const code = source.charCodeAt(at);
  if (code === 34) skipString();
  else if (code === 123) skipObject();
  else if (code === 91) {
    enter();
    while (source.charCodeAt(at) !== 93) {
      skipValue();
      goToNext(93);
    }
    at++;
    depth--;
  } else if (!isDigit(code) || !skipNumber()) readWord(false);
}

function skipObject(): void {
  let keys: string[] | Set<string> = [];
  readFields((key) => {
    const isKnown = Array.isArray(keys) ? keys.includes(key) : keys.has(key);
    if (isKnown) throw new RowProblem(`an object of the line has the key ${key} twice`);
    if (!Array.isArray(keys)) keys.add(key);
    else if (keys.push(key) > FEW_KEYS) keys = new Set(keys);
    skipValue();
  });
}

/** The fields of an object, braces included; `read` takes the value of each key. */
function readFields(read: (key: string) => void): void {
  enter();
  while (source.charCodeAt(at) !== 125) {
    const key = readKey();
    skipSpace();
    if (source.charCodeAt(at) !== 58) throw new RowProblem(NO_JSON);
    at++;
    skipSpace();
    read(key);
    goToNext(125);
  }
  at++;
  depth--;
}

/** Reads an element of a list of the row. */
function readElement(): Shape {
  const code = source.charCodeAt(at);
  if (code === 91) return readList();
  if (code !== 123) return readScalar(false);
  skipObject();
  return JSON_SHAPE;
}

function readList(): Shape {
  let elements = NULL_SHAPE;
  enter();
  while (source.charCodeAt(at) !== 93) {
    elements = mergeShapes(elements, readElement());
    goToNext(93);
  }
  at++;
  depth--;
  return listShape(elements);
}

function enter(): void {
  at++;
  if (++depth > MAX_LEVELS) {
    throw new RowProblem(`the line is JSON that is nested too deeply, by more than ${MAX_LEVELS} levels`);
  }
  skipSpace();
}

/** Goes to the next element of a list or object, or to the bracket at its end. */
function goToNext(end: number): void {
  skipSpace();
  const code = source.charCodeAt(at);
  if (code === end) return;
  if (code !== 44) throw new RowProblem(NO_JSON);
  at++;
  skipSpace();
  if (source.charCodeAt(at) === end) throw new RowProblem(NO_JSON);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
