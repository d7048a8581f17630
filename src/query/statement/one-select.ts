import { AppError } from "../../errors.ts";

/** What a statement may begin with: it gives rows, and changes nothing. */
const READING = new Set(["SELECT", "WITH", "VALUES", "TABLE", "(", "SHOW", "DESCRIBE", "DESC", "EXPLAIN"]);
/** What EXPLAIN may be asked of: EXPLAIN ANALYZE runs it. */
const EXPLAINED = new Set(["SELECT", "WITH", "VALUES", "TABLE", "("]);

/**
 * A SQL text as the one reading statement it must be, without a semicolon behind it: SELECT, WITH, VALUES, TABLE, SHOW,
 * DESCRIBE, or EXPLAIN of such. Throws `invalid_sql` for anything else.
 */
export function oneSelect(text: string): string {
  const tokens = lex(text);
  const last = tokens.findLastIndex(({ text: token }) => token !== ";") + 1;
  const statement = tokens.slice(0, last);
  const [first, ...rest] = statement;
  if (first === undefined) refuse("it is empty; write for example SELECT count(*) FROM catalog");
  if (statement.some(({ text: token }) => token === ";"))
    refuse("it is several statements; run one at a time");
  const word = first.text.toUpperCase();
  if (!READING.has(word)) refuse(`it begins with ${word}; only SELECT and other reading statements are run`);
  if (word === "EXPLAIN") {
    const explained = explainedWord(rest.map((token) => token.text.toUpperCase()));
    if (!EXPLAINED.has(explained)) refuse("only a SELECT can be explained");
  }
  const end = statement.at(-1)?.end ?? text.length;
  return text.slice(first.start, end);
}

function refuse(reason: string): never {
  throw new AppError("invalid_sql", `the SQL is refused: ${reason}`);
}

/** The first word behind `ANALYZE`, `VERBOSE` and `(TYPE ..., FORMAT ...)`. */
function explainedWord(words: readonly string[]): string {
  let at = 0;
  while (words[at] === "ANALYZE" || words[at] === "VERBOSE") at++;
  if (words[at] === "(" && (words[at + 1] === "TYPE" || words[at + 1] === "FORMAT"))
    at = words.indexOf(")", at) + 1;
  return words[at] ?? "";
}

interface Token {
  /** A word, or one other character; empty for a string and a quoted name. */
  text: string;
  start: number;
  /** Exclusive. */
  end: number;
}

const TOKEN =
  /(?<blank>\s+|--[^\n\r]*|\/\*[\s\S]*?\*\/)|(?<quoted>'[^']*(?:''[^']*)*'|"[^"]*(?:""[^"]*)*"|`[^`]*`)|(?<open>\/\*|['"`])|(?<word>[\p{L}\p{N}_]+)|(?<other>[\s\S])/uy;

/** The tokens of a SQL text, comments left out. A quote or comment that does not end is refused. */
function lex(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const start = TOKEN.lastIndex;
    const groups = TOKEN.exec(text)?.groups ?? {};
    const end = TOKEN.lastIndex;
    if (groups.open !== undefined)
      refuse(`what begins at ${JSON.stringify(text.slice(start, start + 20))} does not end`);
    if (groups.blank !== undefined) continue;
    tokens.push({ text: groups.word ?? groups.other ?? "", start, end });
  }
  return tokens;
}
