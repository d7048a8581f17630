import { formatType, parseType, type TypeTree } from "../../schema/type-tree.ts";
import { quoteName, quoteText } from "../sql.ts";

/** Each level of lambdas doubles the time to read a statement; nothing that people have is so deep. */
const MAX_DEPTH = 16;

/**
 * The engine's cast of text to a type loses its way at a bracket in a text of a list or struct that stands in another:
 * in such values texts and bytes stand in base64, and fields are numbered.
 */
function isPacked(tree: TypeTree): boolean {
  const depth = depthOf(tree);
  return depth > 1 && depth <= MAX_DEPTH && mayHoldBrackets(tree);
}

function mayHoldBrackets(tree: TypeTree): boolean {
  if (tree.kind === "scalar") return tree.name === "VARCHAR" || tree.name === "BLOB";
  if (tree.kind === "list") return mayHoldBrackets(tree.element);
  return tree.fields.some(({ name, type }) => !/^[a-z0-9_]+$/i.test(name) || mayHoldBrackets(type));
}

function depthOf(tree: TypeTree): number {
  if (tree.kind === "scalar") return 0;
  if (tree.kind === "list") return 1 + depthOf(tree.element);
  return 1 + Math.max(...tree.fields.map(({ type }) => depthOf(type)));
}

/** Whether the text of values of a type is not just what a cast makes of them. */
export function isPackedType(type: string): boolean {
  return isPacked(parseType(type));
}

/** SQL of the text in which a value of a type is stored. */
export function cellText(type: string, value: string): string {
  const tree = parseType(type);
  return `CAST(${isPacked(tree) ? once(value, (one) => pack(tree, one, 1)) : value} AS VARCHAR)`;
}

/** SQL of the value of a type of which that is the text. */
export function cellValue(type: string, text: string): string {
  const tree = parseType(type);
  if (!isPacked(tree)) return type === "VARCHAR" ? text : `CAST(${text} AS ${type})`;
  const packed = `CAST(${text} AS ${formatType(packedTree(tree))})`;
  return `CAST(${once(packed, (one) => unpack(tree, one, 1))} AS ${type})`;
}

/** A value that is named several times is computed once. */
function once(value: string, use: (name: string) => string): string {
  return `list_transform([${value}], lambda x0: ${use("x0")})[1]`;
}

const fieldName = (at: number) => `f${at}`;

function packedTree(tree: TypeTree): TypeTree {
  if (tree.kind === "list") return { kind: "list", element: packedTree(tree.element) };
  if (tree.kind === "scalar") return tree.name === "BLOB" ? { kind: "scalar", name: "VARCHAR" } : tree;
  const fields = tree.fields.map(({ type }, at) => ({ name: fieldName(at), type: packedTree(type) }));
  return { kind: "struct", fields };
}

function pack(tree: TypeTree, value: string, depth: number): string {
  if (tree.kind === "list") {
    return `list_transform(${value}, lambda x${depth}: ${pack(tree.element, `x${depth}`, depth + 1)})`;
  }
  if (tree.kind === "struct") {
    const fields = tree.fields.map(({ name, type }, at) => {
      return `${fieldName(at)} := ${pack(type, fieldOf(value, name), depth)}`;
    });
    return structOf(value, fields);
  }
  if (tree.name === "VARCHAR") return `base64(encode(${value}))`;
  return tree.name === "BLOB" ? `base64(${value})` : value;
}

function unpack(tree: TypeTree, value: string, depth: number): string {
  if (tree.kind === "list") {
    return `list_transform(${value}, lambda x${depth}: ${unpack(tree.element, `x${depth}`, depth + 1)})`;
  }
  if (tree.kind === "struct") {
    const fields = tree.fields.map(({ name, type }, at) => {
      return `${quoteName(name)} := ${unpack(type, fieldOf(value, fieldName(at)), depth)}`;
    });
    return structOf(value, fields);
  }
  if (tree.name === "VARCHAR") return `decode(from_base64(${value}))`;
  return tree.name === "BLOB" ? `from_base64(${value})` : value;
}

function fieldOf(struct: string, name: string): string {
  return `struct_extract(${struct}, ${quoteText(name)})`;
}

function structOf(value: string, fields: readonly string[]): string {
  return `CASE WHEN ${value} IS NOT NULL THEN struct_pack(${fields.join(", ")}) END`;
}
