import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import * as v from "valibot";
import { AppError } from "../../src/errors.ts";
import {
  createJobId,
  createUploadId,
  JobIdSchema,
  NameSchema,
  nameProblem,
  parseName,
  UploadIdSchema,
} from "../../src/schema/names.ts";
import { fieldProblem } from "../../src/schema/taxonomy.ts";

describe("names", () => {
  test("letters and digits of any script, with _ - . inside", () => {
    for (const name of ["a", "coco_2017", "한국어-책.v2", "日本語", "é", "0", "हिन्दी", "a".repeat(128)]) {
      expect([name, nameProblem(name)]).toEqual([name, undefined]);
    }
  });

  test("nothing that a path, a glob, a shell or a reader could take for something else", () => {
    const wrong = [
      "",
      ".",
      "..",
      ".hidden",
      "_private",
      "-flag",
      "a/b",
      "a\\b",
      "a b",
      "a=b",
      "a\0",
      "a\n",
      "a*",
      "a%2F",
      "a'b",
      "a:b",
      "가".normalize("NFD"),
      "가".repeat(43),
      "a".repeat(129),
      "constructor",
      "🙂",
      "a\u200bb",
      "\u0301a",
    ];
    for (const name of wrong) expect([name, nameProblem(name)]).toEqual([name, expect.any(String)]);
  });

  test("any accepted name is one safe part of a path", () => {
    const letter = fc.constantFrom(..."aZ09_-./ =*%:가책한é", "\u1100", "\u0301", "\0", "\n");
    const unit = fc.oneof({ weight: 9, arbitrary: letter }, fc.string({ unit: "binary", maxLength: 1 }));
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 12 }), (letters) => {
        const name = letters.join("");
        if (nameProblem(name) !== undefined) return;
        accepted++;
        expect(name).toBe(name.normalize("NFC"));
        expect(name).not.toMatch(/[/\\\0\s=*?"'<>|:%]|^[._-]/);
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(128);
        expect(v.is(NameSchema, name)).toBe(true);
        expect(parseName("dataset", name)).toBe(name);
      }),
      { numRuns: 2000 },
    );
    expect(accepted).toBeGreaterThan(50);
  });

  test("parseName composes what a person typed, and refuses the rest", () => {
    expect(parseName("dataset", "가나".normalize("NFD"))).toBe("가나");
    expect(() => parseName("dataset", "a/b")).toThrow(AppError);
  });
});

test("fields are names that can be columns of their own", () => {
  for (const field of ["lang", "src_2", "언어"]) expect(fieldProblem(field)).toBeUndefined();
  for (const field of ["Lang", "a-b", "a.b", "_a", "hash", "upload_id", "task", "", "a b"]) {
    expect(fieldProblem(field)).toBeString();
  }
});

test("ids sort by the time they were made", () => {
  const ids = Array.from({ length: 500 }, createUploadId);
  expect(new Set(ids).size).toBe(500);
  expect(ids.toSorted()).toEqual(ids);
  for (const id of ids) expect(v.is(UploadIdSchema, id)).toBe(true);
  expect(v.is(JobIdSchema, createJobId())).toBe(true);
  expect(v.is(JobIdSchema, createUploadId())).toBe(false);
});
