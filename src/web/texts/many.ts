/** `1 row`, `2 rows`: a count as it is shown, and the noun in its number. */
export function many(count: string, one: string, more = `${one}s`): string {
  return `${count} ${count === "1" ? one : more}`;
}
