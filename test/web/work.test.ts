import { expect, test } from "bun:test";
import { missingAnswers, parametersOfAnswers, suggestName } from "../../src/web/screens/work/questions.ts";

const TAXONOMY = {
  providers: { aihub: { description: "" } },
  tasks: { ocr: { description: "", required: ["lang"], allow: { lang: ["ko"] } } },
};
const ANSWERS = {
  type: "task" as const,
  provider: "aihub",
  dataset: "영수증",
  task: "ocr",
  variant: "v1",
  mode: "append" as const,
  meta: {},
  license: "",
};

test("a dataset is called after its file or folder", () => {
  expect(suggestName("영수증 2026 (1).jsonl")).toBe("영수증_2026_1_");
  expect(suggestName("1.원천데이터/a.jpg".normalize("NFD"))).toBe("1");
  expect(suggestName("_x.csv")).toBe("x");
});

test("what a task requires is missing until it is given", () => {
  expect(missingAnswers(ANSWERS, TAXONOMY)).toEqual(["lang"]);
  expect(missingAnswers({ ...ANSWERS, dataset: " ", meta: { lang: "ko" } }, TAXONOMY)).toEqual(["dataset"]);
  expect(missingAnswers({ ...ANSWERS, type: "raw", task: "", variant: "" }, TAXONOMY)).toEqual([]);
});

test("answers are the parameters of the route; raw data has no task", () => {
  const given = { ...ANSWERS, meta: { lang: "ko", other: "x" } };
  expect(parametersOfAnswers(given, TAXONOMY, "a.jsonl").getAll("meta")).toEqual(["lang=ko"]);
  const raw = parametersOfAnswers({ ...given, type: "raw" }, TAXONOMY, "a.zip");
  expect(Object.fromEntries(raw)).toEqual({
    ...{ type: "raw", provider: "aihub", dataset: "영수증", mode: "append", name: "a.zip" },
  });
});
