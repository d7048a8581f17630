import { type BoxResult, fromPoints, readBox, readFour, readLists, toNumber } from "./box.ts";
import { type LabelPath, readLabelPath } from "./path.ts";
import { partsOf, type View } from "./view.ts";
import { compileFirst, type FirstValue, type Node } from "./walk.ts";

/** The box of a region, of the nodes that are joined to it; undefined where it has none. */
export type BoxReader = (root: Node, nodes: readonly Node[]) => BoxResult | undefined;

/** Reads `box` of a view; what is turned by an angle (`rotation` beside the box) is told as such. */
export function compileBox({ box, form }: Pick<View, "box" | "form">): {
  read: BoxReader;
  rotation: FirstValue;
} {
  if (typeof box === "string") {
    const path = readLabelPath(box);
    const at = compileFirst(path);
    return {
      read: (root, nodes) => {
        const value = firstAmong(at, root, nodes);
        if (value === undefined || (Array.isArray(value) && value.length === 0)) return undefined;
        return readBox(value, form ?? "xyxy");
      },
      rotation: rotationBeside(path),
    };
  }
  const given = partsOf(box ?? {});
  if (box === undefined || given === undefined) throw new Error("the view has no box");
  const paths = given.parts.map((part) => readLabelPath(box[part] ?? ""));
  const values = paths.map(compileFirst);
  const readParts = (found: unknown[]): BoxResult => {
    if (given.form === "lists") return readLists(found[0], found[1]);
    const numbers = found.map(toNumber);
    if (given.form !== "poly") return readFour(numbers, given.form, found);
    const points = Array.from({ length: 4 }, (_, at) => numbers.slice(2 * at, 2 * at + 2));
    return fromPoints(points, found);
  };
  return {
    read: (root, nodes) => {
      const found = values.map((value) => firstAmong(value, root, nodes));
      return found.every((value) => value === undefined) ? undefined : readParts(found);
    },
    rotation: paths[0] === undefined ? () => undefined : rotationBeside(paths[0]),
  };
}

/** The first of joined nodes that has a value at the path. */
export function firstAmong(at: FirstValue, root: Node, nodes: readonly Node[]): unknown {
  for (let index = 0; index < nodes.length; index++) {
    const value = at(root, nodes[index] as Node);
    if (value !== undefined) return value;
  }
  return undefined;
}

function rotationBeside(path: LabelPath): FirstValue {
  return compileFirst({ ...path, steps: [...path.steps.slice(0, -1), { key: "rotation" }] });
}
