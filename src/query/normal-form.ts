import { quoteText } from "./sql.ts";

/**
 * A character class, for RE2 and Java alike, of every character that may stand in a text that is not in Unicode form
 * NFC: marks and conjoining jamo, which compose with what is before them, and those that NFC replaces. A text without
 * any is in NFC; one with some may be. (UAX 15, NFC_Quick_Check = No or Maybe.)
 */
export const MAYBE_UNNORMALIZED =
  "[\\p{M}\\x{1160}-\\x{11FF}\\x{37E}\\x{387}\\x{374}\\x{958}-\\x{95F}\\x{9DC}\\x{9DD}\\x{9DF}\\x{A33}\\x{A36}\\x{A59}-\\x{A5E}\\x{B5C}\\x{B5D}\\x{F43}-\\x{F69}\\x{F900}-\\x{FAFF}\\x{FB1D}-\\x{FB4E}\\x{1F00}-\\x{1FFF}\\x{2000}\\x{2001}\\x{2126}\\x{212A}\\x{212B}\\x{2329}\\x{232A}\\x{2ADC}\\x{10000}-\\x{1D1FF}\\x{2F800}-\\x{2FA1F}]";

/**
 * SQL that gives the NFC of a text, for DuckDB. The engine takes microseconds to compose one, and most texts show at
 * once that they are composed.
 */
export function toNfc(value: string): string {
  return `CASE WHEN regexp_matches(${value}, ${quoteText(MAYBE_UNNORMALIZED)}) THEN nfc_normalize(${value}) ELSE ${value} END`;
}
