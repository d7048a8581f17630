import * as v from "valibot";

export const ANSWERS = ["ocr", "layout", "kie", "vqa", "text"] as const;
export type Answer = (typeof ANSWERS)[number];
export const PROMPT_LANGUAGES = ["ko", "en"] as const;

/** The prompt about a page and the fields of the answer, for chat models. See docs/training.md. */
export const PromptSchema = v.strictObject({
  system: v.optional(v.string()),
  user: v.pipe(v.string(), v.minLength(1, "is empty")),
  answer: v.picklist(ANSWERS, `is none of ${ANSWERS.join(", ")}`),
});
export type Prompt = v.InferOutput<typeof PromptSchema>;

const USER: Record<Answer, { ko: string; en: string }> = {
  ocr: {
    ko: "문서의 모든 글자를 읽고 위치와 함께 JSON으로 답하세요.",
    en: "Read all text of the document and answer with its places, as JSON.",
  },
  layout: {
    ko: "문서의 영역을 찾아 종류와 위치를 JSON으로 답하세요.",
    en: "Find the regions of the document and answer with their kinds and places, as JSON.",
  },
  kie: {
    ko: "문서에서 항목별 값을 찾아 JSON으로 답하세요.",
    en: "Find the values of the document by their fields and answer as JSON.",
  },
  vqa: { ko: "{question}", en: "{question}" },
  text: {
    ko: "문서의 글자를 순서대로 모두 옮겨 적으세요.",
    en: "Write down all text of the document, in its order.",
  },
};

/** Built-in prompts, by name: what the answer holds, and the language of the question. */
export const PROMPTS: Readonly<Record<string, Prompt>> = Object.fromEntries(
  Object.entries(USER).flatMap(([answer, texts]) =>
    PROMPT_LANGUAGES.map((language) => [
      `${answer}-${language}`,
      { user: texts[language], answer: answer as Answer },
    ]),
  ),
);

const NAMES = Object.keys(PROMPTS);
/** A prompt, or the name of a built-in one; the output is the prompt. */
export const GivenPromptSchema = v.union([
  v.pipe(
    v.picklist(NAMES),
    v.transform((name) => PROMPTS[name] as Prompt),
  ),
  PromptSchema,
]);

export const DEFAULT_LANGUAGE = "ko";

/** The prompt for a sample where none is given: its questions, else its regions. */
export function defaultPrompt({ hasQuestions }: { hasQuestions: boolean }): Prompt {
  return PROMPTS[`${hasQuestions ? "vqa" : "ocr"}-${DEFAULT_LANGUAGE}`] as Prompt;
}
