import { expect, test } from "bun:test";
import { createJobRecord } from "../../src/jobs/records.ts";
import { work as en } from "../../src/web/texts/en-work.ts";
import { work as ko } from "../../src/web/texts/ko-work.ts";
import { stepText } from "../../src/web/texts/step-text.ts";

test("what a job does is said in the language of the page", () => {
  const { steps } = ko.working;
  expect(stepText(createJobRecord().progress.step, steps)).toBe("대기");
  expect(stepText("assets hub/영수증", steps)).toBe("hub/영수증: 이미지와 파일 저장 중");
  expect(stepText("publishing hub/영수증", steps)).toBe("hub/영수증: 행 발행 중");
  expect(stepText("publishing the catalog", steps)).toBe("카탈로그 발행 중");
  expect(stepText("publishing the catalog", en.working.steps)).toBe("publishing the catalog");
  expect(stepText("something new of hub", steps)).toBe("something new of hub");
  expect(stepText("constructor", steps)).toBe("constructor");
});
