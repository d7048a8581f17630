import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { listOf, recordOf, textUpTo } from "../../src/schema/bounds.ts";
import { checkValue } from "../../src/schema/check.ts";
import { describeIssue } from "../../src/schema/describe-issue.ts";

function problemOf(schema: v.GenericSchema, value: unknown): string | undefined {
  const { issues } = checkValue(schema, value);
  return issues && describeIssue(issues[0]);
}

describe("checkValue", () => {
  test("ends at the first thing that is wrong", () => {
    let looks = 0;
    const counting = v.pipe(
      v.string(),
      v.check(() => ++looks < 0, "is wrong"),
      v.check(() => ++looks < 0, "is wrong too"),
    );
    const { issues } = checkValue(v.array(counting), Array(1000).fill("a"));
    expect({ issues: issues?.length, looks }).toEqual({ issues: 1, looks: 1 });
  });

  test("gives an issue that shows no more than the beginning of a value", () => {
    const long = "가".repeat(500_000);
    const schema = v.strictObject({ level: v.picklist(["info", "debug"]) });
    const values = [{ level: long }, { level: "info", [long]: 1 }, { level: [long] }, long];
    for (const value of values) {
      const problem = problemOf(schema, value) as string;
      expect(problem.length).toBeLessThan(500);
      expect(problem).not.toContain("가".repeat(100));
    }
    expect(problemOf(schema, { level: "loud" })).toContain('"loud"');
  });
});

describe("bounds", () => {
  test("of a list come before its elements", () => {
    let looks = 0;
    const schema = v.object({
      names: listOf(
        v.pipe(
          v.string(),
          v.check(() => ++looks > 0),
        ),
        3,
      ),
    });
    expect(problemOf(schema, { names: ["a", "b", "c", "d"] })).toBe("names: has more than 3 elements");
    expect(looks).toBe(0);
    expect(checkValue(schema, { names: ["a", "b", "c"] }).output).toEqual({ names: ["a", "b", "c"] });
    expect(problemOf(schema, { names: ["a", 1] })).toStartWith("names.1: ");
    expect(problemOf(schema, { names: {} })).toStartWith("names: ");
    expect(problemOf(schema, {})).toBe("names is missing");
  });

  test("of a record hold for its keys, and no list is one", () => {
    const schema = recordOf(v.string(), v.number(), 2);
    expect(problemOf(schema, { a: 1, b: 2, c: "x" })).toBe("has more than 2 entries");
    expect(checkValue(schema, { a: 1, b: 2 }).output).toEqual({ a: 1, b: 2 });
    expect(problemOf(schema, [1])).toBe("is a list; an object is expected");
    expect(problemOf(schema, { a: "x" })).toStartWith("a: ");
    expect(problemOf(schema, null)).toBeDefined();
  });

  test("of a record keep the names that every object has", () => {
    const schema = recordOf(
      v.pipe(
        v.string(),
        v.check((key) => !key.startsWith("x"), "is refused"),
      ),
      v.number(),
      9,
    );
    const given = { prototype: 1, a: 2, constructor: 3, "constructor ": 4, toString: 5 };
    const { output } = checkValue(schema, given);
    expect(Object.entries(output ?? {})).toEqual(Object.entries(given));
    expect(problemOf(schema, { constructor: "x" })).toStartWith("constructor");
    expect(problemOf(schema, { x: 1, constructor: 1 })).toBe("x: is refused");
  });

  test("of a text come before what reads it", () => {
    let looks = 0;
    const schema = v.pipe(
      textUpTo(1000),
      v.check(() => ++looks > 0),
    );
    expect(problemOf(schema, "a".repeat(1001))).toBe("is longer than 1,000 characters");
    expect(looks).toBe(0);
  });
});
