import type { Fault } from "./faults.ts";
import type { Region } from "./region.ts";

/** Sorts regions by their place in the reading order; those without one come last, as they stand. */
export function sortByOrder<T extends { region: Pick<Region, "order"> }>(placed: T[]): T[] {
  const place = ({ region }: T) => region.order ?? Number.POSITIVE_INFINITY;
  return placed
    .map((one, at) => ({ one, at }))
    .sort((a, b) => (place(a.one) === place(b.one) ? a.at - b.at : place(a.one) - place(b.one)))
    .map(({ one }) => one);
}

/**
 * What is wrong with the order of regions, which are sorted by it: it counts from 0 or 1, one by one, over all pages or
 * on each of them. `at` is the path of the regions, for the message.
 */
export function checkOrder(regions: readonly Pick<Region, "order" | "page">[], at: string): Fault[] {
  const all: number[] = [];
  const pages = new Map<Region["page"], number[]>();
  for (const { page, order } of regions) {
    if (order === null) continue;
    all.push(order);
    const orders = pages.get(page);
    if (orders === undefined) pages.set(page, [order]);
    else orders.push(order);
  }
  if (checkCounting(all, "", at).length === 0) return [];
  return [...pages].flatMap(([page, orders]) =>
    checkCounting(orders, page === null ? "" : ` of page ${page}`, at),
  );
}

function checkCounting(orders: readonly number[], where: string, at: string): Fault[] {
  const faults: Fault[] = [];
  const repeated = orders.find((order, index) => index > 0 && order === orders[index - 1]);
  if (repeated !== undefined)
    faults.push({
      kind: "order_repeated",
      at,
      message: `${repeated} stands several times in the order${where}`,
    });
  const [begin = 0] = orders;
  if (begin !== 0 && begin !== 1)
    faults.push({ kind: "order_holes", at, message: `the order${where} begins with ${begin}` });
  const hole = orders.findIndex((order, index) => index > 0 && order > (orders[index - 1] ?? order) + 1);
  if (hole > 0)
    faults.push({
      kind: "order_holes",
      at,
      message: `${orders[hole]} follows ${orders[hole - 1]} in the order${where}`,
    });
  return faults;
}
