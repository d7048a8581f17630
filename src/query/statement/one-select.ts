import { AppError } from "../../errors.ts";

/** Allowed first words: statements that return rows and change nothing. */
const READING = new Set(["SELECT", "WITH", "VALUES", "TABLE", "(", "SHOW", "DESCRIBE", "DESC", "EXPLAIN"]);
/** Allowed after EXPLAIN; EXPLAIN ANALYZE executes the statement. */
const EXPLAINED = new Set(["SELECT", "WITH", "VALUES", "TABLE", "("]);

/**
 * Checks that a text is a single read-only statement and removes its semicolon: SELECT, WITH, VALUES, TABLE,
 * SHOW, DESCRIBE, or EXPLAIN of one. Throws `invalid_sql` otherwise.
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

/** The first word after `ANALYZE`, `VERBOSE` and `(TYPE ..., FORMAT ...)`. */
function explainedWord(words: readonly string[]): string {
  let at = 0;
  while (words[at] === "ANALYZE" || words[at] === "VERBOSE") at++;
  if (words[at] === "(" && (words[at + 1] === "TYPE" || words[at + 1] === "FORMAT"))
    at = words.indexOf(")", at) + 1;
  return words[at] ?? "";
}

interface Token {
  /** A word or other character; empty for strings and quoted names. */
  text: string;
  start: number;
  /** Exclusive. */
  end: number;
}

const TOKEN =
  /(?<blank>\s+|--[^\n\r]*|\/\*[\s\S]*?\*\/)|(?<quoted>'[^']*(?:''[^']*)*'|"[^"]*(?:""[^"]*)*"|`[^`]*`)|(?<open>\/\*|['"`])|(?<word>[\p{L}\p{N}_]+)|(?<other>[\s\S])/uy;

/** Tokens of a SQL text without comments. Throws for an unterminated quote or comment. */
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
