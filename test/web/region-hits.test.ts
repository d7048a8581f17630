import { expect, test } from "bun:test";
import fc from "fast-check";
import { findRegionHits, type SearchedRegion } from "../../src/web/text/region-hits.ts";

/** The texts of the regions that are hits; `|` begins another page. */
function marked(texts: readonly (string | null)[], wanted: string[], ignoreCase = false): (string | null)[] {
  let image = 0;
  const regions = texts.flatMap((text) => {
    if (text === "|") image++;
    return text === "|" ? [] : [{ text, image }];
  });
  const found = findRegionHits(regions, wanted, ignoreCase);
  return regions.filter((_, at) => found?.[at]).map(({ text }) => text);
}

test("a text over several regions marks each of them, where they follow each other", () => {
  const words = ["특별", "쿠폰", "합계", null, "", "금액 ", "쿠폰"];
  expect(marked(words, ["특별 쿠폰"])).toEqual(["특별", "쿠폰"]);
  expect(marked(words, ["합계  금액"])).toEqual(["합계", "금액 "]);
  expect(marked(words, ["특별 합계"])).toEqual([]);
  expect(marked(words, ["쿠폰 합계 금액 쿠폰"])).toEqual(["쿠폰", "합계", "금액 ", "쿠폰"]);
  expect(marked(["소합계", "금액란"], ["합계 금액"])).toEqual(["소합계", "금액란"]);
  expect(marked(["합계", "|", "금액"], ["합계 금액"])).toEqual([]);
  expect(marked(["Total", "Amount"], ["total amount"], true)).toEqual(["Total", "Amount"]);
  expect(marked(["합계".normalize("NFD"), "금액"], ["합계 금액"])).toHaveLength(2);
});

test("a text in one region marks that one alone", () => {
  expect(marked(["합계 금액", "합계", "금액"], ["합계 금액"])).toEqual(["합계 금액", "합계", "금액"]);
  expect(marked(["합계 금액", "합계"], ["합계 금액"])).toEqual(["합계 금액"]);
  expect(marked(["ab", "ab"], ["a"])).toEqual(["ab", "ab"]);
  expect(marked(["a  b"], ["a  b"])).toEqual(["a  b"]);
  expect(findRegionHits([{ text: "a", image: 0 }], [])).toBeUndefined();
});

test("a region is marked where one of its letters stands in a text that is found", () => {
  const text = fc.string({ unit: fc.constantFrom("가", "a", "B", " "), maxLength: 4 });
  const regions = fc.array(fc.record({ text: fc.option(text), image: fc.integer({ min: 0, max: 1 }) }), {
    maxLength: 8,
  });
  const wanted = fc.array(
    text.filter((one) => one !== ""),
    { minLength: 1, maxLength: 3 },
  );
  fc.assert(
    fc.property(regions, wanted, fc.boolean(), (all, searched, ignoreCase) => {
      expect(findRegionHits(all, searched, ignoreCase)).toEqual(lookAtEach(all, searched, ignoreCase));
    }),
  );
});

/** The same, letter by letter of each page. */
function lookAtEach(all: readonly SearchedRegion[], searched: string[], ignoreCase: boolean): boolean[] {
  const form = (text: string) => (ignoreCase ? text.toLowerCase() : text);
  const words = (text: string) =>
    form(text)
      .split(" ")
      .filter((word) => word !== "");
  return all.map(({ text, image }, index) => {
    const letters = all.flatMap((region, at) =>
      region.image === image
        ? [...words(region.text ?? "").join(" "), " "].map((letter) => ({ letter, at }))
        : [],
    );
    const page = letters.filter(({ letter, at }, place) => letter !== " " || letters[place - 1]?.at === at);
    const pageText = page.map(({ letter }) => letter).join("");
    return searched.some((one) => {
      if (text !== null && form(text).includes(form(one))) return true;
      const phrase = words(one).join(" ");
      if (!phrase.includes(" ")) return false;
      return page.some(
        (_, from) =>
          pageText.startsWith(phrase, from) &&
          page.slice(from, from + phrase.length).some(({ letter, at }) => at === index && letter !== " "),
      );
    });
  });
}
