import { formatJsonPath, type JsonStep } from "../json-path.ts";
import type { LabelPath, LabelStep } from "./path.ts";

/** A value of a document and the way to it. */
export interface Node {
  value: unknown;
  /** The nearest object around it. */
  up: Node | undefined;
  /** The object or list that holds it, and under which key. */
  holder: Node | undefined;
  key: string | number | undefined;
}

export function documentNode(value: unknown): Node {
  return { value, up: undefined, holder: undefined, key: undefined };
}

/** The path of a value, as `$.annotations[3]`, for people. */
export function placeOf(node: Node): string {
  const steps: JsonStep[] = [];
  for (let at = node; at.holder !== undefined; at = at.holder)
    steps.unshift(typeof at.key === "number" ? { index: at.key } : { key: at.key ?? "" });
  return formatJsonPath(steps);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The values at a path, in order. Lists are walked element by element, at the end of the path too, and so are lists
 * in lists. Undefined where the path leads to nothing; an empty list is no value, but something.
 */
export function nodesAt(path: LabelPath, root: Node, region: Node = root): Node[] | undefined {
  let found = [startOf(path, root, region)].filter((node) => node !== undefined);
  for (const step of path.steps) found = found.flatMap((node) => take(node, step));
  return found.length === 0 ? undefined : found.flatMap(elementsOf);
}

function startOf({ from, climb }: LabelPath, root: Node, region: Node): Node | undefined {
  if (from === "document") return root;
  let node: Node | undefined = region;
  for (let at = 0; at < climb; at++) node = node?.up;
  return node;
}

function take(node: Node, step: LabelStep): Node[] {
  if ("index" in step) {
    const { value } = node;
    if (!Array.isArray(value) || step.index >= value.length) return [];
    return [{ value: value[step.index], up: node.up, holder: node, key: step.index }];
  }
  if ("each" in step) return elementsOf(node);
  return elementsOf(node).flatMap((one) => {
    if (!isObject(one.value)) return [];
    const keys =
      "values" in step ? Object.keys(one.value) : Object.hasOwn(one.value, step.key) ? [step.key] : [];
    return keys.map((key) => ({
      value: (one.value as Record<string, unknown>)[key],
      up: one,
      holder: one,
      key,
    }));
  });
}

function elementsOf(node: Node): Node[] {
  if (!Array.isArray(node.value)) return [node];
  const found: Node[] = [];
  addElements(node, node.value, found);
  return found;
}

function addElements(list: Node, values: readonly unknown[], found: Node[]): void {
  for (const [key, value] of values.entries()) {
    const node = { value, up: list.up, holder: list, key };
    if (Array.isArray(value)) addElements(node, value, found);
    else found.push(node);
  }
}

/** Reads the first value at a path that is not null, as it stands; undefined where there is none. */
export type FirstValue = (root: Node, region: Node) => unknown;

export function compileFirst(path: LabelPath): FirstValue {
  const { steps } = path;
  const [only] = steps;
  // What most paths are, and what is read for every region.
  if (path.from === "region" && path.climb === 0 && steps.length === 1 && only && "key" in only) {
    const { key } = only;
    return (_root, { value }) =>
      isObject(value)
        ? Object.hasOwn(value, key)
          ? (value[key] ?? undefined)
          : undefined
        : first(value, steps, 0);
  }
  return (root, region) => {
    const start = startOf(path, root, region);
    return start === undefined ? undefined : first(start.value, steps, 0);
  };
}

function first(value: unknown, steps: readonly LabelStep[], at: number): unknown {
  const step = steps[at];
  if (step === undefined) return value ?? undefined;
  if ("index" in step) return Array.isArray(value) ? first(value[step.index], steps, at + 1) : undefined;
  if (Array.isArray(value)) {
    const next = "each" in step ? at + 1 : at;
    return firstOf(value, steps, next);
  }
  if ("each" in step) return first(value, steps, at + 1);
  if (!isObject(value)) return undefined;
  if ("values" in step) return firstOf(Object.values(value), steps, at + 1);
  return Object.hasOwn(value, step.key) ? first(value[step.key], steps, at + 1) : undefined;
}

function firstOf(values: readonly unknown[], steps: readonly LabelStep[], at: number): unknown {
  for (const value of values) {
    const found = first(value, steps, at);
    if (found !== undefined) return found;
  }
  return undefined;
}
