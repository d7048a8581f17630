import { show, toNumber } from "./box.ts";
import type { Finding } from "./faults.ts";
import { checkPlace, type FrameOf } from "./fit.ts";
import { readLabelPath } from "./path.ts";
import { compileBox, firstAmong } from "./read-box.ts";
import type { Page, Region } from "./region.ts";
import { SKIPPED_TEXTS, type View } from "./view.ts";
import { compileFirst, type Node } from "./walk.ts";
import { readCategory, readMark, readOrder, readText, type Word } from "./words.ts";

/** What the regions of one label share. */
export interface LabelContext {
  root: Node;
  page: Page | null;
  frameOf: FrameOf;
  /** Category names by id, where the view has a table of them. */
  names: ReadonlyMap<string, string> | undefined;
}

/** A region and what does not fit in it; why it is lost; or "nothing": the object is no region. */
export type RegionResult = { region: Region; findings: Finding[] } | LostRegion | "nothing";

interface LostRegion {
  lost: Finding;
  page: Region["page"];
  text: string | null;
}

/** Reads one region from the object, or the joined objects, that say it. */
export function compileRegion(view: View): (context: LabelContext, nodes: readonly Node[]) => RegionResult {
  const boxAt = compileBox(view);
  const known = view.categories && new Set(view.categories);
  const skipped = new Set(view.skip ?? SKIPPED_TEXTS);
  const at = compileField;
  const [textAt, categoryAt, pageAt] = [at(view.text), at(view.category), at(view.page)];
  const [orderAt, groupAt] = [at(view.order), at(view.group)];

  return ({ root, page, frameOf, names }, nodes) => {
    const [first = root] = nodes;
    const text = readText(textAt(root, nodes));
    const lose = (lost: Finding): LostRegion => ({
      lost,
      page: readMark(pageAt(root, nodes)),
      text: "word" in text ? text.word : null,
    });
    const category = readCategory(categoryAt(root, nodes), names, known);
    const found = boxAt(root, nodes);
    if (found === undefined) {
      // Beside regions, Label Studio lists what is chosen for the page as a whole.
      if (view.join !== undefined && isNone(text) && isNone(category)) return "nothing";
      return lose({ kind: "box_missing", message: `there is no box at ${show(view.box)}` });
    }
    const { box, angle } = found;
    if ("kind" in box) return lose(box);
    if (toNumber(angle ?? 0) !== 0) return lose(describeRotation(angle));
    const frame = frameOf(first);
    if ("kind" in frame) return lose(frame);
    const polygon = frame(box.place);
    const findings = checkPlace(polygon, page);
    const word = (read: Word) => {
      if ("word" in read) return read.word;
      findings.push(read);
      return null;
    };
    const words = word(text);
    const isUnreadable = words !== null && skipped.has(words);
    const order = readOrder(orderAt(root, nodes)) ?? null;
    if (view.order !== undefined && order === null)
      findings.push({ kind: "order_no_number", message: `there is no whole number at ${view.order}` });
    const group = readMark(groupAt(root, nodes));
    return {
      region: {
        polygon,
        text: isUnreadable ? null : words,
        isUnreadable,
        category: word(category),
        order,
        group: group === null ? null : String(group),
        page: readMark(pageAt(root, nodes)),
      },
      findings,
    };
  };
}

type FieldReader = (root: Node, nodes: readonly Node[]) => unknown;

/** Reads what stands at a path of the view, or at the first of several that lead to something, of joined nodes. */
export function compileField(path: string | readonly string[] | undefined): FieldReader {
  const [at, ...others] = [path ?? []].flat().map((one) => compileFirst(readLabelPath(one)));
  if (at === undefined) return () => undefined;
  if (others.length === 0) return (root, nodes) => firstAmong(at, root, nodes);
  return (root, nodes) => {
    for (const one of [at, ...others]) {
      const value = firstAmong(one, root, nodes);
      if (value !== undefined) return value;
    }
    return undefined;
  };
}

function isNone(word: Word): boolean {
  return "word" in word && word.word === null;
}

function describeRotation(angle: unknown): Finding {
  return {
    kind: "box_rotated",
    message: `the box is turned by ${show(angle)} degrees, which views do not read; write its four corners as a polygon in place of box and rotation`,
  };
}
