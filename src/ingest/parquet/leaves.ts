/** An element of a Parquet schema, as parquet_schema() lists them: depth first, the root in front. */
export interface SchemaElement {
  name: string;
  children: number | null;
  /** REQUIRED, OPTIONAL or REPEATED; the root has none. */
  repetition: string | null;
}

/** A leaf of a column of images: its bytes, or the paths beside them. */
export interface Leaf {
  /** As parquet_metadata() names it: `images, list, element, bytes`. */
  path: string;
  /** Definition level of a value that is there; 0 = never null. */
  maxLevel: number;
  /** Definition level from which on a list has an element there; 0 for a column that is no list. */
  elementLevel: number;
}

/**
 * The leaf `field` of a column of structs or of lists of them; of a column without structs the column itself where
 * `field` is `bytes`. Undefined where the file has no such, or the list is written in none of the ways of
 * parquet-format/LogicalTypes.md.
 */
export function findLeaf(
  schema: readonly SchemaElement[],
  column: string,
  field: "bytes" | "path",
): Leaf | undefined {
  const at = childrenOf(schema, 0).find((index) => schema[index]?.name === column);
  if (at === undefined) return undefined;
  const walk = [at];
  const repeated = repeatedChild(schema, at);
  if (repeated !== undefined) {
    const [element, other] = childrenOf(schema, repeated);
    if (element === undefined || other !== undefined) return undefined;
    walk.push(repeated, element);
  }
  const last = walk.at(-1) as number;
  const inside = childrenOf(schema, last);
  const leaf = inside.find((index) => schema[index]?.name === field);
  if (leaf !== undefined) walk.push(leaf);
  else if (inside.length > 0 || field === "path") return undefined;
  const levels = (indexes: readonly number[]) =>
    indexes.filter((index) => schema[index]?.repetition !== "REQUIRED").length;
  return {
    path: walk.map((index) => schema[index]?.name).join(", "),
    maxLevel: levels(walk),
    elementLevel: repeated === undefined ? 0 : levels([at, repeated]),
  };
}

/** The repeated group of a list with its three levels. */
function repeatedChild(schema: readonly SchemaElement[], at: number): number | undefined {
  const [only, other] = childrenOf(schema, at);
  const isList = only !== undefined && other === undefined && schema[only]?.repetition === "REPEATED";
  return isList ? only : undefined;
}

/** Places of an element's children in the list. */
function childrenOf(schema: readonly SchemaElement[], at: number): number[] {
  const places: number[] = [];
  let next = at + 1;
  for (let child = 0; child < (schema[at]?.children ?? 0); child++) {
    places.push(next);
    next = endOf(schema, next);
  }
  return places;
}

function endOf(schema: readonly SchemaElement[], at: number): number {
  let next = at + 1;
  for (let child = 0; child < (schema[at]?.children ?? 0); child++) next = endOf(schema, next);
  return next;
}
