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

/** The place of the `occurrence`-th (from 0) string of a JSON text, without its quotes; undefined where it is not there. */
export function findInJson(
  json: string,
  text: string,
  occurrence: number,
): [start: number, end: number] | undefined {
  const quoted = JSON.stringify(text);
  let at = -1;
  for (let count = 0; count <= occurrence; count++) {
    const next = json.indexOf(quoted, at + 1);
    if (next < 0) return at < 0 ? undefined : [at + 1, at + quoted.length - 1];
    at = next;
  }
  return [at + 1, at + quoted.length - 1];
}
