import { expect, test } from "bun:test";
import fc from "fast-check";
import { findClash, foldName, newNameProblem } from "../../src/schema/name-clash.ts";
import { nameProblem } from "../../src/schema/names.ts";

test("names are one when a file system, or who writes the language, takes them for one", () => {
  const same = [
    ["coco_2017", "COCO_2017", "Coco_2017"],
    ["é", "É", "e\u0301"],
    ["i", "I", "İ", "ı"],
    ["istanbul", "İSTANBUL", "ıstanbul"],
    ["straße", "STRASSE", "STRAẞE", "strasse"],
    ["ΟΔΟΣ", "οδος", "οδοσ"],
    ["k", "K", "\u212a"],
    ["µm", "μm"],
    ["ǆ", "ǅ", "Ǆ"],
  ];
  for (const names of same) expect(new Set(names.map(foldName)).size).toBe(1);
  const apart = ["o", "ö", "oe", "가", "나", "a-b", "a_b", "a", "ａ", "1", "¹"];
  expect(new Set(apart.map(foldName)).size).toBe(apart.length);
});

test("a name and what capitals and small letters make of it are one; folding twice is folding once", () => {
  const letter = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 3 }),
    fc.constantFrom(..."aZßẞİıſÅǰΐﬁŉσςΣ"),
  );
  fc.assert(
    fc.property(fc.array(letter, { maxLength: 6 }), (letters) => {
      const name = letters.join("").normalize("NFC");
      const folded = foldName(name);
      expect(foldName(folded)).toBe(folded);
      expect(foldName(name.toUpperCase())).toBe(folded);
      expect(foldName(name.toLowerCase())).toBe(folded);
    }),
    { numRuns: 2000 },
  );
});

test("no new name that Windows keeps for itself, or cuts; what was made before can be read", () => {
  const wrong = ["con", "NUL", "Aux", "prn", "com1", "COM9", "lpt5", "con.jpg", "nul.tar.gz", "lpt¹", "a."];
  for (const name of wrong) {
    expect([name, newNameProblem(name)]).toEqual([name, expect.any(String)]);
    expect([name, nameProblem(name)]).toEqual([name, undefined]);
  }
  for (const name of ["console", "null", "com", "com0", "com10", "lpt", "a.con", "aux-2", "con_"])
    expect([name, newNameProblem(name)]).toEqual([name, undefined]);
});

test("a clash names what is there; a name does not clash with itself", () => {
  expect(findClash("foo", ["bar", "Foo"])).toBe("Foo");
  expect(findClash("foo", ["foo", "bar"])).toBeUndefined();
  expect(newNameProblem("foo", ["Foo"])).toContain("Foo");
});
