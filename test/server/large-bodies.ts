/** The largest bodies that a route takes, made from its description in /openapi.json. */

export interface JsonSchema {
  type?: string;
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  enum?: unknown[];
  const?: unknown;
}

export interface LargeBody {
  /** Where in the body it is large, and by what. */
  what: string;
  text: string;
  /** Whether no route may take it. */
  isWrong: boolean;
}

/** Just below the 1,000,000 of `serve.max_body`. */
const BODY_BYTES = 950_000;

const DEEP = `${"[".repeat(20)}${"]".repeat(20)}`;
/** Wrong wherever they stand in a list or under a key. */
const ELEMENTS: Record<string, string> = {
  numbers: "0",
  "nested lists": DEEP,
  "objects with keys": '{"a":0,"b":[]}',
  "empty texts": '""',
};
const TEXTS: Record<string, string> = {
  letters: "a",
  "path steps": ".a",
  quotes: '\\"',
  "combining marks": "e\u0301",
};

/** Of a body that a route takes: large in each of its places, and beside them. */
export function largeBodies(schema: JsonSchema, valid: unknown): LargeBody[] {
  const bodies = placesOf(schema, valid, []).flatMap(({ path, schema: place, value }) =>
    fillings(place, value).map(({ by, text, isWrong }) => ({
      what: `${path.join(".") || "the whole"}: ${by}`,
      text: withText(valid, path, text),
      isWrong,
    })),
  );
  return [...bodies, { what: "a list", text: repeat("[", "0", "]"), isWrong: true }];
}

interface Place {
  path: string[];
  schema: JsonSchema;
  value: unknown;
}

function placesOf(given: JsonSchema, value: unknown, path: string[]): Place[] {
  const schema = given.anyOf?.find(({ type }) => type !== "null") ?? given;
  const here = { path, schema, value };
  const inside = Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
    placesOf(property, (value as Record<string, unknown> | undefined)?.[name], [...path, name]),
  );
  return [here, ...inside];
}

function fillings(schema: JsonSchema, value: unknown): { by: string; text: string; isWrong: boolean }[] {
  const lists = Object.entries(ELEMENTS).map(([name, element]) => ({
    by: name,
    text: repeat("[", element, "]"),
    isWrong: true,
  }));
  const texts = Object.entries(TEXTS).map(([name, text]) => ({
    by: name,
    text: repeat('"', text, '"', ""),
    isWrong: false,
  }));
  const keys = ["0", '"a"'].map((element) => ({
    by: `keys with ${element}`,
    text: `{${Array.from({ length: 60_000 }, (_, at) => `"k${at}":${element}`).join(",")}}`,
    isWrong: false,
  }));
  if (schema.type === "object") return [...keys, ...lists.slice(0, 1)];
  if (schema.type !== "array") return [...texts, ...lists.slice(0, 1)];
  const element = JSON.stringify((value as unknown[] | undefined)?.[0] ?? "a");
  return [
    ...lists,
    { by: "right elements", text: repeat("[", element, "]"), isWrong: false },
    ...texts.slice(0, 1),
  ];
}

function repeat(start: string, element: string, end: string, between = ","): string {
  const count = Math.floor(BODY_BYTES / (Buffer.byteLength(element) + between.length));
  return `${start}${Array(count).fill(element).join(between)}${end}`;
}

/** The body with a text of JSON in one place. */
function withText(valid: unknown, path: readonly string[], text: string): string {
  const [name, ...rest] = path;
  if (name === undefined) return text;
  const object = (valid ?? {}) as Record<string, unknown>;
  const names = [...new Set([...Object.keys(object), name])];
  const fields = names.map((one) => {
    const value = one === name ? withText(object[one], rest, text) : JSON.stringify(object[one]);
    return `${JSON.stringify(one)}:${value}`;
  });
  return `{${fields.join(",")}}`;
}
