/** A field of CSV (RFC 4180). Without a value it is empty, and an empty text is `""`. */
export function csvField(value: string | number | null | undefined): string {
  if (value == null) return "";
  const text = String(value);
  return text === "" || needsQuotes(text) ? quoted(text) : text;
}

/** A field in which an empty text and a missing value are the same. */
export function bareField(text: string): string {
  return needsQuotes(text) ? quoted(text) : text;
}

function needsQuotes(text: string): boolean {
  return /[",\r\n]/.test(text);
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
