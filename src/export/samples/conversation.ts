import { boundsOf } from "../../schema/labels/region.ts";
import { type Answer, defaultPrompt, type Prompt } from "../../schema/prompts.ts";
import { type Counter, countCharacters, dropWhole } from "./counts.ts";
import type { Sample, SampleRegion } from "./sample.ts";

/** A box on a page, as parts of its width and height, 0 to 1. */
export interface PlacedBox {
  image: number;
  box: [x1: number, y1: number, x2: number, y2: number];
}

/** A piece of a message. Formats write boxes and names of categories each in their own way. */
export type Part =
  | { kind: "text"; text: string }
  /** Punctuation of the answer: nothing of a label or a prompt. */
  | { kind: "plain"; text: string }
  /** Text within a JSON string. */
  | { kind: "json"; text: string }
  | { kind: "image"; image: number }
  | ({ kind: "box" } & PlacedBox)
  | { kind: "category"; name: string };

export interface Message {
  role: "system" | "user" | "assistant";
  parts: Part[];
}

/**
 * What is asked of a model about a sample, and what it should answer: one for each question, or one for the page. What the
 * answers do not hold is counted as dropped.
 */
export function conversationsOf(sample: Sample, given: Prompt | undefined, counter: Counter): Message[][] {
  const prompt = given ?? defaultPrompt({ hasQuestions: sample.questions.length > 0 });
  const images = sample.images.map((_, image): Part => ({ kind: "image", image }));
  const system: Message[] =
    prompt.system === undefined ? [] : [{ role: "system", parts: [text(prompt.system)] }];
  const ask = (question: string, answer: Part[]): Message[] => [
    ...system,
    { role: "user", parts: [...images, text(prompt.user.replaceAll("{question}", () => question))] },
    { role: "assistant", parts: answer },
  ];
  countLeftOut(sample, prompt.answer, counter);
  if (prompt.answer !== "vqa") return [ask("", answerOf(sample, prompt.answer))];
  // Of several accepted answers the first is what is to be said.
  return sample.questions.flatMap(({ question, answers: [first] }) =>
    first === undefined ? [] : [ask(question, [text(first)])],
  );
}

/** What of a sample an answer of that kind does not say. */
export function countLeftOut(sample: Sample, answer: Answer, counter: Counter): void {
  const { regions, questions } = sample;
  if (answer === "vqa") {
    const silent = questions.filter(({ answers }) => answers[0] === undefined);
    for (const { answers } of questions)
      if (answers.length > 1) counter.change("questions with several answers, of which the first is said");
    if (silent.length > 0) counter.drop("a question has no answer", sample, { questions: silent.length });
    if (silent.length === questions.length)
      dropWhole(counter, { ...sample, regions: [], questions: [] }, "the row has no question with an answer");
  } else if (questions.length > 0) {
    counter.drop("the prompt does not ask the row's questions", sample, { questions: questions.length });
  }
  const isSaid = SAID[answer];
  const left = regions.filter((region) => !isSaid(region));
  const characters = (answer === "layout" ? regions : left).reduce(
    (sum, { text }) => sum + countCharacters(text),
    0,
  );
  if (left.length === 0 && characters === 0) return;
  counter.drop(`answers of the kind ${answer} do not hold it`, sample, { regions: left.length, characters });
}

/** Whether a region is part of an answer. */
const SAID: Record<Answer, (region: SampleRegion) => boolean> = {
  ocr: () => true,
  layout: () => true,
  kie: ({ category, text }) => category !== null && text !== null,
  text: ({ text }) => text !== null,
  vqa: () => false,
};

function answerOf(sample: Sample, answer: Exclude<Answer, "vqa">): Part[] {
  const { regions } = sample;
  if (answer === "text") return [text(regions.flatMap(({ text }) => text ?? []).join("\n"))];
  if (answer === "kie") return fieldsOf(regions);
  const several = sample.images.length > 1;
  const items = regions.map((region) => regionParts(region, sample, { several, texts: answer === "ocr" }));
  return [
    plain("["),
    ...items.flatMap((parts, at) => (at === 0 ? parts : [plain(",\n"), ...parts])),
    plain("]"),
  ];
}

function regionParts(
  region: SampleRegion,
  sample: Sample,
  { several, texts }: { several: boolean; texts: boolean },
): Part[] {
  const { width = 1, height = 1 } = sample.images[region.image] ?? {};
  const { x1, y1, x2, y2 } = boundsOf(region.polygon);
  const box: PlacedBox["box"] = [x1 / width, y1 / height, x2 / width, y2 / height];
  const parts: Part[] = [
    plain(several ? `{"image": ${region.image}, "bbox_2d": ` : '{"bbox_2d": '),
    { kind: "box", image: region.image, box },
  ];
  if (region.category !== null)
    parts.push(plain(', "label": "'), { kind: "category", name: region.category }, plain('"'));
  if (texts && region.text !== null) parts.push(plain(', "text": "'), json(region.text), plain('"'));
  return [...parts, plain("}")];
}

/** Texts by their categories; several of one category as a list. */
function fieldsOf(regions: readonly SampleRegion[]): Part[] {
  const fields = new Map<string, string[]>();
  for (const { category, text } of regions) {
    if (category === null || text === null) continue;
    fields.set(category, [...(fields.get(category) ?? []), text]);
  }
  const parts: Part[] = [plain("{")];
  for (const [at, [name, values]] of [...fields].entries()) {
    parts.push(plain(at === 0 ? '"' : ', "'), json(name), plain('": '));
    const several = values.length > 1;
    parts.push(plain(several ? "[" : ""));
    for (const [index, value] of values.entries())
      parts.push(plain(index === 0 ? '"' : ', "'), json(value), plain('"'));
    parts.push(plain(several ? "]" : ""));
  }
  return [...parts, plain("}")];
}

function plain(value: string): Part {
  return { kind: "plain", text: value };
}

function text(value: string): Part {
  return { kind: "text", text: value };
}

/** The text as it stands between the quotes of a JSON string. */
function json(value: string): Part {
  return { kind: "json", text: JSON.stringify(value).slice(1, -1) };
}

/** Thousandths of the page, as whole numbers: what no resizing of the page can break. */
export function thousandths(box: PlacedBox["box"]): number[] {
  return box.map((value) => Math.min(1000, Math.max(0, Math.round(value * 1000))));
}
