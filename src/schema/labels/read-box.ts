import { type BoxResult, fromPoints, readBox, readEllipse, readFour, readLists, toNumber } from "./box.ts";
import { type LabelPath, readLabelPath } from "./path.ts";
import type { View } from "./view.ts";
import { type BoxPlace, partsOf, placesOf } from "./view-box.ts";
import { compileFirst, type FirstValue, type Node } from "./walk.ts";

/** The box of a region, of the nodes that are joined to it; undefined where it has none. */
export type BoxReader = (root: Node, nodes: readonly Node[]) => FoundBox | undefined;

/** A box, and the angle by which it is turned (`rotation` beside it), where there is one. */
export interface FoundBox {
  box: BoxResult;
  angle: unknown;
}

/**
 * Reads `box` of a view. Of several places the first that the region has counts; one of another form (a mask in the place of
 * a polygon) is passed over if a later one can be read.
 */
export function compileBox(view: Pick<View, "box" | "form">): BoxReader {
  const readers = placesOf(view).map(compilePlace);
  return (root, nodes) => {
    let odd: FoundBox | undefined;
    for (const read of readers) {
      const found = read(root, nodes);
      if (found === undefined) continue;
      if (!("kind" in found.box) || found.box.kind !== "box_unreadable") return found;
      odd ??= found;
    }
    return odd;
  };
}

function compilePlace(place: BoxPlace): BoxReader {
  const { values, read } = "path" in place ? compilePath(place.path, place.form) : compileParts(place.parts);
  const [path] = "path" in place ? [place.path] : Object.values(place.parts);
  const angleAt = rotationBeside(readLabelPath(path ?? ""));
  return (root, nodes) => {
    const found = values.map((value) => firstAmong(value, root, nodes));
    const isNone = found.every(
      (value) => value === undefined || (Array.isArray(value) && value.length === 0),
    );
    return isNone ? undefined : { box: read(found), angle: firstAmong(angleAt, root, nodes) };
  };
}

interface PlaceReader {
  values: FirstValue[];
  read(found: unknown[]): BoxResult;
}

function compilePath(path: string, form: Parameters<typeof readBox>[1]): PlaceReader {
  return { values: [compileFirst(readLabelPath(path))], read: ([value]) => readBox(value, form) };
}

function compileParts(paths: Record<string, string>): PlaceReader {
  const given = partsOf(paths);
  if (given === undefined) throw new Error("the view has no box");
  const { form } = given;
  return {
    values: given.parts.map((part) => compileFirst(readLabelPath(paths[part] ?? ""))),
    read: (found) => {
      if (form === "lists") return readLists(found[0], found[1]);
      const numbers = found.map(toNumber);
      if (form === "ellipse") return readEllipse(numbers, found);
      if (form !== "poly") return readFour(numbers, form, found);
      const points = Array.from({ length: 4 }, (_, at) => numbers.slice(2 * at, 2 * at + 2));
      return fromPoints(points, found);
    },
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
