import { isDeepStrictEqual } from "node:util";
import { type Document, isMap, isScalar, isSeq, type Pair, YAMLMap } from "yaml";
import type { Provider, Task, Taxonomy } from "../schema/taxonomy.ts";

type Entry = Partial<Provider & Task>;

/** Changes only what differs between `before` and `after` in `document`: comments, order and style stay. */
export function applyTaxonomy(document: Document, before: Taxonomy, after: Taxonomy): void {
  for (const section of ["providers", "tasks"] as const) {
    const old = new Map<string, Entry>(Object.entries(before[section]));
    const wanted = new Map<string, Entry>(Object.entries(after[section]));
    const map = mapAt(document, section);
    map.items = map.items.filter((pair) => !old.has(keyText(pair)) || wanted.has(keyText(pair)));
    for (const [name, entry] of wanted) {
      if (isDeepStrictEqual(old.get(name), entry)) continue;
      const pair = map.items.find((one) => keyText(one) === name);
      if (pair === undefined) {
        if (map.items.length === 0) map.flow = false; // expand `providers: {}` to a block
        map.items.push(document.createPair(name, createEntry(document, entry)));
      } else changeEntry(document, pair, old.get(name) ?? {}, entry);
    }
    if (map.items.length === 0) map.flow = true;
  }
}

function mapAt(document: Document, section: string): YAMLMap<unknown, unknown> {
  if (!isMap(document.contents)) document.contents = document.createNode({}) as typeof document.contents;
  const contents = document.contents as unknown as YAMLMap<unknown, unknown>;
  const found = contents.get(section, true);
  if (isMap(found)) return found;
  const made = new YAMLMap<unknown, unknown>();
  contents.set(section, made);
  return made;
}

function changeEntry(document: Document, pair: Pair<unknown, unknown>, before: Entry, after: Entry): void {
  const made = createEntry(document, after);
  if (!isMap(pair.value) || pair.value.items.length === 0) {
    pair.value = made;
    return;
  }
  for (const field of ["description", "required", "allow", "view", "views"] as const) {
    if (isDeepStrictEqual(before[field], after[field])) continue;
    if (made.has(field)) pair.value.set(field, made.get(field, true));
    else pair.value.delete(field);
  }
}

/** The fields of an entry that differ from the defaults. */
function plainEntry(entry: Entry): Entry {
  const { description, required, allow, view, views } = entry;
  return {
    ...(description ? { description } : {}),
    ...(required && required.length > 0 ? { required } : {}),
    ...(allow && Object.keys(allow).length > 0 ? { allow } : {}),
    ...(view === undefined ? {} : { view }),
    ...(views && Object.keys(views).length > 0 ? { views } : {}),
  };
}

/** Lists of words stay on one line: `required: [ lang, src ]`. */
function createEntry(document: Document, entry: Entry): YAMLMap<unknown, unknown> {
  const map = document.createNode(plainEntry(entry)) as YAMLMap<unknown, unknown>;
  map.flow = map.items.length === 0;
  for (const { value: field } of map.items) {
    for (const list of isMap(field) ? field.items.map((pair) => pair.value) : [field]) {
      if (isSeq(list)) list.flow = true;
    }
  }
  return map;
}

function keyText(pair: Pair<unknown, unknown>): string {
  return String(isScalar(pair.key) ? pair.key.value : pair.key);
}
