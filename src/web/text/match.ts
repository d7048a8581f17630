/** Says whether a text holds what is searched for, as the server does: literally, in every way of composing letters. */
export function createMatcher(
  wanted: string,
  ignoreCase = false,
): ((text: string | null) => boolean) | undefined {
  const form = (text: string) => (ignoreCase ? text.normalize("NFC").toLowerCase() : text.normalize("NFC"));
  const needle = form(wanted);
  if (needle === "") return undefined;
  return (text) => text !== null && form(text).includes(needle);
}
