/** What this browser remembers of what was chosen. */
export function remembered<T extends string>(name: string, known: readonly T[]): T | undefined {
  try {
    return known.find((one) => one === localStorage.getItem(`datalake.${name}`));
  } catch {
    return undefined; // a browser that keeps nothing
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(`datalake.${name}`, value);
  } catch {
    // It holds until the page is closed.
  }
}
