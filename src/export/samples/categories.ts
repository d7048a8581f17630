/** Numbers of categories, from 0: those that views name first, in their order, then others as they come. */
export interface Categories {
  numberOf(name: string): number;
  names(): string[];
}

export function createCategories(known: readonly string[]): Categories {
  const numbers = new Map<string, number>();
  const numberOf = (name: string) => {
    const number = numbers.get(name) ?? numbers.size;
    numbers.set(name, number);
    return number;
  };
  for (const name of known) numberOf(name);
  return { numberOf, names: () => [...numbers.keys()] };
}

/** Of a region that its label gives no category. */
export const NO_CATEGORY = "region";
