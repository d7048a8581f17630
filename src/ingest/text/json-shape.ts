import { MAX_LIST_LEVELS } from "../plain-types.ts";
import type { NumberKind } from "./exact-number.ts";

/** What the values of a column are, all together; one of a single value to begin with. */
export interface Shape {
  /** Levels of lists; 0 for a plain value. */
  depth: number;
  /** What is at the innermost level, 0 where nothing is but null; of JSON the plain values beside objects and lists. */
  kinds: number;
  /** An object, or lists that do not go together: only JSON text holds it. */
  isJson: boolean;
}

const BITS = { string: 1, boolean: 2, int: 4, bigint: 8, double: 16, decimal: 32 } as const;
export type ScalarKind = keyof typeof BITS & (NumberKind | "string" | "boolean");

export const NULL_SHAPE: Shape = { depth: 0, kinds: 0, isJson: false };
export const JSON_SHAPE: Shape = { depth: 0, kinds: 0, isJson: true };

const SCALARS = new Map<ScalarKind, Shape>(
  (Object.keys(BITS) as ScalarKind[]).map((kind) => [kind, { depth: 0, kinds: BITS[kind], isJson: false }]),
);

export function scalarShape(kind: ScalarKind): Shape {
  return SCALARS.get(kind) ?? NULL_SHAPE;
}

/** The shape of a list whose elements have this one together. */
export function listShape(elements: Shape): Shape {
  return elements.isJson ? JSON_SHAPE : { depth: elements.depth + 1, kinds: elements.kinds, isJson: false };
}

/** The shape of values of both; nulls and empty lists go with everything that is at least as deep. */
export function mergeShapes(a: Shape, b: Shape): Shape {
  if (a.isJson || b.isJson) return jsonBeside(a, b);
  if (a.depth === b.depth) {
    const kinds = a.kinds | b.kinds;
    return kinds === a.kinds ? a : kinds === b.kinds ? b : { depth: a.depth, kinds, isJson: false };
  }
  const [deep, flat] = a.depth > b.depth ? [a, b] : [b, a];
  return flat.kinds === 0 ? deep : jsonBeside(flat, deep);
}

function jsonBeside(a: Shape, b: Shape): Shape {
  const kinds = (a.depth === 0 ? a.kinds : 0) | (b.depth === 0 ? b.kinds : 0);
  return kinds === 0 ? JSON_SHAPE : { depth: 0, kinds, isJson: true };
}

/** How a column of a shape is stored. */
export interface ShapeType {
  /** DuckDB's type. */
  type: string;
  /** `value`: each cell is a value of that type. `json`: cells are kept as JSON text. */
  stored: "value" | "json";
  /** No value says so: any type would do. */
  isOpen: boolean;
  /** Numbers that no type holds together, which therefore stay text. */
  hasLongNumbers: boolean;
  /** Values of several kinds, which are JSON text therefore: a text is in quotes there. */
  isMixed: boolean;
}

/** The one type that gives back every value of the shape exactly; text where there is none. */
export function shapeType({ depth, kinds, isJson }: Shape): ShapeType {
  const plain = { stored: "value", isOpen: false, hasLongNumbers: false, isMixed: false } as const;
  // The engine's work on lists of lists grows with each level by more than the data does.
  if (isJson || depth > MAX_LIST_LEVELS)
    return { ...plain, type: "VARCHAR", stored: "json", isMixed: isJson && kinds !== 0 };
  const brackets = "[]".repeat(depth);
  if (kinds === 0) return { ...plain, type: depth === 0 ? "NULL" : `VARCHAR${brackets}`, isOpen: true };
  const scalar = scalarType(kinds);
  if (scalar !== undefined) return { ...plain, type: scalar + brackets };
  const hasLongNumbers = (kinds & (BITS.string | BITS.boolean)) === 0;
  return { ...plain, type: "VARCHAR", stored: "json", hasLongNumbers, isMixed: !hasLongNumbers };
}

function scalarType(kinds: number): string | undefined {
  const only = (...names: ScalarKind[]) => names.reduce((rest, name) => rest & ~BITS[name], kinds) === 0;
  if (only("string")) return "VARCHAR";
  if (only("boolean")) return "BOOLEAN";
  if (only("int", "bigint")) return "BIGINT";
  return only("int", "double") ? "DOUBLE" : undefined;
}
