import type { TextOptions } from "../input.ts";
import { parseDelimiter, parseQuote } from "./csv-dialect.ts";
import { parseEncoding } from "./encoding.ts";

/** How a person says that text files are read; what is not said is found out. */
export interface TextWishes {
  encoding?: string | undefined;
  delimiter?: string | undefined;
  quote?: string | undefined;
}

/** Throws `usage` for an encoding that is not known, and for what is not one character. */
export function parseTextOptions({ encoding, delimiter, quote }: TextWishes): TextOptions {
  return {
    ...(encoding !== undefined && { encoding: parseEncoding(encoding) }),
    ...(delimiter !== undefined && { delimiter: parseDelimiter(delimiter) }),
    ...(quote !== undefined && { quote: parseQuote(quote) }),
  };
}
