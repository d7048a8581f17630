import type { Fault, Finding } from "./faults.ts";
import { compileFrame } from "./fit.ts";
import { readLabelPath } from "./path.ts";
import { compileField, compileRegion } from "./read-region.ts";
import { checkOrder, sortByOrder } from "./reading-order.ts";
import type { Page, ReadLabel, Region } from "./region.ts";
import type { View } from "./view.ts";
import { compileFirst, isObject, type Node, nodesAt, placeOf } from "./walk.ts";

type Regions = Omit<ReadLabel, "questions">;
interface Placed {
  region: Region;
  faults: Fault[];
}

/** Hears of a region and the objects that say it: one, or those that are joined. */
export type RegionListener = (region: Region, nodes: readonly Node[]) => void;

/** Reads the regions of a label, by a view that has `items`. */
export function compileRegions(
  view: View,
  onRegion?: RegionListener,
): (root: Node, page: Page | null) => Regions {
  const { items: itemsPath = "$", order, join } = view;
  const items = readLabelPath(itemsPath);
  const readRegion = compileRegion(view);
  const frame = compileFrame(view);
  const namesOf = compileNames(view.names);
  const joinAt = compileField(join);

  return (root, page) => {
    const nodes = nodesAt(items, root);
    if (nodes === undefined)
      return refuse("$", { kind: "no_items", message: `there is nothing at ${itemsPath}` });
    const odd = nodes.find(({ value }) => !isObject(value));
    if (odd !== undefined) return refuse(placeOf(odd), NO_OBJECT);
    const context = { root, page, frameOf: frame(root, page), names: namesOf(root) };
    const joined =
      join === undefined ? nodes.map((node) => [node]) : groupNodes(nodes, (node) => joinAt(root, [node]));
    const placed: Placed[] = [];
    const faults: Fault[] = [];
    let skipped = 0;
    for (const group of joined) {
      const read = readRegion(context, group);
      const place = (finding: Finding): Fault => ({ ...finding, at: placeOf(group[0] ?? root) });
      if (read === "nothing") skipped++;
      else if ("lost" in read)
        faults.push({
          ...place(read.lost),
          ...(read.page !== null && { page: read.page }),
          ...(read.text !== null && { text: read.text }),
        });
      else {
        placed.push({ region: read.region, faults: read.findings.map(place) });
        onRegion?.(read.region, group);
      }
    }
    const sorted = order === undefined ? placed : sortByOrder(placed);
    for (const [at, one] of sorted.entries()) {
      for (const fault of one.faults) faults.push({ ...fault, region: at });
    }
    const regions = sorted.map(({ region }) => region);
    if (order !== undefined) faults.push(...checkOrder(regions, itemsPath));
    return { regions, faults, skipped };
  };
}

const NO_OBJECT: Finding = {
  kind: "no_object",
  message:
    "it is no object: views do not read lists that run side by side (tokens, bboxes); write one object for each region, {text, box}",
};

function refuse(at: string, finding: Finding): Regions {
  return { regions: [], faults: [{ ...finding, at }], skipped: 0 };
}

/** Nodes of equal value at the view's `join`, in the order of the first of each; one without a value is alone. */
function groupNodes(nodes: readonly Node[], markOf: (node: Node) => unknown): Node[][] {
  const groups: Node[][] = [];
  const known = new Map<string, Node[]>();
  for (const node of nodes) {
    const value = markOf(node);
    const key = value === undefined ? undefined : JSON.stringify(value);
    const group = key === undefined ? undefined : known.get(key);
    if (group !== undefined) {
      group.push(node);
      continue;
    }
    const made = [node];
    groups.push(made);
    if (key !== undefined) known.set(key, made);
  }
  return groups;
}

type Names = ReadonlyMap<string, string>;

function compileNames(names: View["names"]): (root: Node) => Names | undefined {
  if (names === undefined) return () => undefined;
  if ("table" in names) {
    const table = new Map(Object.entries(names.table));
    return () => table;
  }
  const items = readLabelPath(names.items);
  const [id, name] = [names.id, names.name].map((path) => compileFirst(readLabelPath(path)));
  return (root) => {
    const table = new Map<string, string>();
    for (const node of nodesAt(items, root) ?? []) {
      const [key, value] = [id?.(root, node), name?.(root, node)];
      if (key !== undefined && typeof value === "string") table.set(String(key), value);
    }
    return table;
  };
}
