import { quoteText } from "./sql.ts";

/**
 * Character class for RE2 and Java with every character that may occur in text that is not in NFC: combining
 * marks and jamo, and characters that NFC replaces. A text without them is in NFC; one with them may be (UAX
 * 15, NFC_Quick_Check = No or Maybe).
 */
export const MAYBE_UNNORMALIZED =
  "[\\p{M}\\x{1160}-\\x{11FF}\\x{37E}\\x{387}\\x{374}\\x{958}-\\x{95F}\\x{9DC}\\x{9DD}\\x{9DF}\\x{A33}\\x{A36}\\x{A59}-\\x{A5E}\\x{B5C}\\x{B5D}\\x{F43}-\\x{F69}\\x{F900}-\\x{FAFF}\\x{FB1D}-\\x{FB4E}\\x{1F00}-\\x{1FFF}\\x{2000}\\x{2001}\\x{2126}\\x{212A}\\x{212B}\\x{2329}\\x{232A}\\x{2ADC}\\x{10000}-\\x{1D1FF}\\x{2F800}-\\x{2FA1F}]";

/** DuckDB SQL for the NFC of a text. Skips texts that are quickly known to be NFC: normalizing takes µs. */
export function toNfc(value: string): string {
  return `CASE WHEN regexp_matches(${value}, ${quoteText(MAYBE_UNNORMALIZED)}) THEN ${composeParts(value)} ELSE ${value} END`;
}

/** The engine's function ends at a NUL. No character composes with one, so what is between them is composed by itself. */
function composeParts(value: string): string {
  const parts = `list_transform(string_split(${value}, chr(0)), lambda part: nfc_normalize(part))`;
  return `array_to_string(${parts}, chr(0))`;
}
