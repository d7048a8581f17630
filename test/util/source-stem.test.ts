import { expect, test } from "bun:test";
import { stemsOf } from "../../src/util/source-stem.ts";

test("a name is found by its last part without the extension, a page of a document by its number too", () => {
  expect(stemsOf("a/b.c/0001.x.jpg")).toEqual(["0001.x"]);
  expect(stemsOf("쪽")).toEqual(["쪽"]);
  expect(stemsOf("a/contract.pdf#page=3")).toEqual(["contract", "contract#page=3", "contract.pdf#page=3"]);
  expect(stemsOf("a#page=x.jpg")).toEqual(["a#page=x"]);
});
