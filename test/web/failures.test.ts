import { expect, test } from "bun:test";
import { ERROR_CODES } from "../../src/errors.ts";
import { failures } from "../../src/web/texts/ko-failures.ts";

test("every error of the server has its sentence in Korean", () => {
  expect(Object.keys(failures)).toEqual(Object.keys(ERROR_CODES));
  for (const text of Object.values(failures)) expect(text).toMatch(/[가-힣].*\.$/u);
});
