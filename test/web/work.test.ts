import { expect, test } from "bun:test";
import * as v from "valibot";
import { splitOf } from "../../src/ingest/collection/split-folders.ts";
import { RejectLimitSchema } from "../../src/schema/upload.ts";
import {
  isRejectLimit,
  mayHavePdfs,
  mayHaveSplits,
  mayHaveTiffs,
  missingAnswers,
  namingPath,
  parametersOfAnswers,
  suggestDataset,
  suggestName,
} from "../../src/web/screens/work/questions.ts";
import { answersOfParameters, inputName } from "../../src/web/screens/work/unfinished.ts";

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
  maxRejects: "",
  splitPages: false,
  textLayer: false,
  splitFromFolder: false,
};

test("a dataset is called after its file or folder", () => {
  expect(suggestName("영수증 2026 (1).jsonl")).toBe("영수증_2026_1_");
  expect(suggestName("1.원천데이터/a.jpg".normalize("NFD"))).toBe("1");
  expect(suggestName("_x.csv")).toBe("x");
});

test("of several files the pages give the name, whatever is before them by name", () => {
  const named = (...paths: string[]) => inputName(paths.map((path) => ({ path, content: new Blob() })));
  expect(namingPath(["라벨링데이터.zip".normalize("NFD"), "원천데이터.zip"])).toBe("원천데이터.zip");
  expect(named("라벨링데이터.zip", "원천데이터.zip")).toBe("원천데이터.zip");
  expect(named("TL_계약.zip", "TS_계약.zip")).toBe("TS_계약.zip");
  expect(named("1.labels/a.json", "2.images/a.jpg")).toBe("2.zip");
  expect(named("문서/annotations/a.json", "문서/scans/a.jpg")).toBe("문서.zip");
  expect(named("labels.zip")).toBe("labels.zip");
  expect(named("label-1.zip", "label-2.zip")).toBe("label-1.zip");
  expect(namingPath(["table.csv", "별표.jpg"])).toBe("table.csv");
});

test("a dataset is called after all of its files, and nothing is said where they have nothing in common", () => {
  expect(suggestDataset(["영수증/a.jpg", "영수증/b.jpg"])).toBe("영수증");
  expect(suggestDataset(["영수증-001.jpg", "영수증-002.jpg", "영수증-010.jpg"])).toBe("영수증");
  expect(suggestDataset(["깨진.jpg", "새영수증-100.png", "새영수증-101.png"])).toBe("");
  expect(suggestDataset(["라벨링데이터.zip", "원천데이터.zip"])).toBe("원천데이터");
  expect(suggestDataset(["영수증 2026.jsonl"])).toBe("영수증_2026");
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

test("more rejects, and pages as rows, are asked for where they are wanted", () => {
  const wanted = { ...ANSWERS, maxRejects: " 5% ", splitPages: true };
  const raw = parametersOfAnswers({ ...wanted, type: "raw" }, TAXONOMY, "a.zip");
  expect([raw.get("max_rejects"), raw.get("split_pages")]).toEqual(["5%", "true"]);
  expect(answersOfParameters(raw, ANSWERS)).toMatchObject({ maxRejects: "5%", splitPages: true });
  expect(parametersOfAnswers(wanted, TAXONOMY, "a.jsonl").has("split_pages")).toBe(false);
  for (const limit of ["", "0", "12", "1%", "0.5%", "100%", "many", "-1", "101%", "1.5", "%"])
    expect({ limit, is: isRejectLimit(limit) }).toEqual({
      limit,
      is: limit === "" || v.is(RejectLimitSchema, limit),
    });
  expect(mayHaveTiffs(["팩스/1.TIF"])).toBe(true);
  expect(mayHaveTiffs(["a.jpg", "b.pdf"])).toBe(false);
  expect(mayHavePdfs(["a.jpg", "b.PDF"])).toBe(true);
  expect(mayHavePdfs(["a.jpg"])).toBe(false);
});

test("the words of PDFs, and splits by folders, are asked for where they may be", () => {
  const wanted = { ...ANSWERS, textLayer: true, splitFromFolder: true };
  const raw = parametersOfAnswers({ ...wanted, type: "raw" }, TAXONOMY, "a.zip");
  expect([raw.get("text_layer"), raw.get("split_from_folder")]).toEqual(["true", "true"]);
  expect(answersOfParameters(raw, ANSWERS)).toMatchObject({ textLayer: true, splitFromFolder: true });
  const labels = parametersOfAnswers(wanted, TAXONOMY, "a.zip");
  expect([labels.get("text_layer"), labels.get("split_from_folder")]).toEqual([null, "true"]);
  expect(mayHaveSplits(["a.zip"])).toBe(true);
  expect(mayHaveSplits(["원천.zip.part0"])).toBe(true);
  expect(mayHaveSplits(["test"])).toBe(false);
  const words =
    "train Training 학습 훈련 validation valid VAL dev 검증 test testing 시험 테스트 평가 tests trained data 원천데이터";
  for (const name of words.split(" ")) {
    for (const path of [`${name}/a.jpg`, `x/1.${name}/a.jpg`, `[${name}_2]/b/a.jpg`.normalize("NFD")]) {
      expect({ path, may: mayHaveSplits([path]) }).toEqual({ path, may: splitOf(path) !== undefined });
    }
  }
});
