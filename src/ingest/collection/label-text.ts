import { decodeWhole } from "../text/encoding.ts";

/** Longer is no label of one page. */
export const MAX_LABEL_BYTES = 16 << 20;

/** The text of a JSON file as it stands there; or why it is no label, behind its name. */
export function labelText(bytes: Uint8Array, encoding?: string): { text: string } | { reason: string } {
  const text = decodeWhole(bytes, encoding);
  if (text === undefined)
    return { reason: "is not in UTF-8, UTF-16 or CP949; name its encoding with --encoding" };
  if (text.trim() === "") return { reason: "is empty" };
  try {
    JSON.parse(text);
    return { text };
  } catch (error) {
    if (error instanceof RangeError) return { reason: "nests too deep" };
    const why = error instanceof Error ? error.message : String(error);
    return { reason: `is no JSON (${visible(why)})` };
  }
}

/** Whether a JSON file holds one object: what tools write of one page, and no table. */
export function isOneObject(bytes: Uint8Array, encoding?: string): boolean {
  const text = decodeWhole(bytes, encoding)?.trimStart();
  if (text === undefined || !text.startsWith("{")) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Zero bytes and the like, as some programs leave them behind a text, by their numbers. */
function visible(text: string): string {
  return Array.from(text, (one) => {
    const code = one.codePointAt(0) ?? 0;
    return code < 32 ? `\\x${code.toString(16).padStart(2, "0")}` : one;
  }).join("");
}
