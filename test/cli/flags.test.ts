import { describe, expect, test } from "bun:test";
import { defineCommand } from "../../src/cli/arguments/command.ts";
import { parseArguments } from "../../src/cli/arguments/flags.ts";
import { AppError } from "../../src/errors.ts";
import { run } from "./harness.ts";

const command = defineCommand({
  summary: "",
  positionals: ["[INPUT]"],
  flags: {
    numProc: { type: "number", description: "" },
    format: { type: "text", values: ["table", "json"], description: "" },
    provider: { type: "list", description: "" },
    level: { type: "list", values: ["a", "b"], description: "" },
    ignoreCase: { type: "switch", description: "" },
    text: { type: "text", description: "" },
  },
  examples: [],
  run: async () => 0,
});

function parse(...argv: string[]): { global: object; flags: Record<string, unknown>; positionals: string[] } {
  return parseArguments(command, argv);
}

function refusal(...argv: string[]): string {
  try {
    parse(...argv);
  } catch (error) {
    if (error instanceof AppError && error.code === "usage") return error.message;
  }
  return "accepted";
}

describe("parseArguments", () => {
  test("reads each type of flag, wherever it stands", () => {
    expect(
      parse("in", "--num-proc", "4", "--format=json", "--ignore-case", "--text", "가 나", "--yes"),
    ).toEqual({
      global: { yes: true },
      flags: { numProc: 4, format: "json", ignoreCase: true, text: "가 나" },
      positionals: ["in"],
    });
  });

  test("lists grow by repeats and commas; the value of key=value keeps its commas", () => {
    expect(parse("--provider", "a,b", "--provider", "c").flags.provider).toEqual(["a", "b", "c"]);
    expect(parse("--provider", "lang=ko,en", "--provider", "src=real").flags.provider).toEqual([
      "lang=ko,en",
      "src=real",
    ]);
  });

  test("a value may begin with a dash; a flag of the command is one only where it is written with =", () => {
    for (const text of ["-x", "-1", "-", "--", "--no-such-flag", "-- 비고 --"]) {
      expect(parse("--text", text).flags.text).toBe(text);
      expect(parse(`--text=${text}`).flags.text).toBe(text);
    }
    expect(parse("--num-proc", "-1").flags.numProc).toBe(-1);
    expect(parse("--text=--format").flags.text).toBe("--format");
    expect(parse("--text", "--", "--format", "json").flags).toEqual({ text: "--", format: "json" });
    for (const flag of ["--format", "--format=json", "--json", "-h"]) {
      expect(refusal("--text", flag)).toContain("--text needs a value");
    }
  });

  test("a value with an equals sign stays whole", () => {
    expect(parse("--text=a=b=c").flags.text).toBe("a=b=c");
  });

  test("refuses what is no number and no choice, naming the nearest", () => {
    expect(refusal("--num-proc", "many")).toContain("many");
    expect(refusal("--format", "jsn")).toContain("json");
    expect(refusal("--format", "xml")).toContain("table or json");
    expect(refusal("--level", "a,c")).toContain('"c"');
    expect(refusal("--num-porc", "3")).toContain("--num-proc");
    expect(refusal("--no-ignore-case")).toContain("--ignore-case");
  });

  test("refuses a word too many, naming the text that it may be", async () => {
    expect(refusal("in", "보증금")).toEndWith("did you mean --text=보증금?");
    expect(refusal("in", "보증금", "반환")).toEndWith("did you mean --text='보증금 반환'?");
    // One that is given already has lost its quotes.
    expect(refusal("--text", "보증금", "in", "반환")).toContain("quote values that contain spaces");
    const { exit, stderr } = await run(["search", "보증금"]);
    expect([exit, stderr]).toEqual([
      2,
      'datalake: "보증금" is an unexpected argument; did you mean --text=보증금?\n',
    ]);
    const { stderr: output } = await run(["download", "보증금"]);
    expect(output).not.toContain("--text");
  });

  test("behind -- all are arguments", () => {
    expect(parse("--", "--text").positionals).toEqual(["--text"]);
  });
});
