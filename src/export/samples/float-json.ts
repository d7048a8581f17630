declare global {
  interface JSON {
    /** ES2025; TypeScript does not know it yet. */
    rawJSON(text: string): number;
  }
}

/** A number that `JSON.stringify` writes with a decimal point: readers take a column of `1` for integers. */
export function asFloat(value: number): number {
  return Number.isInteger(value) && Math.abs(value) < 1e21 ? JSON.rawJSON(`${value}.0`) : value;
}

export function asFloats(values: readonly number[]): number[] {
  return values.map(asFloat);
}
