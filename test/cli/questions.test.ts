import { describe, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createPathCompletion } from "../../src/cli/terminal/path-completion.ts";
import { createQuestions } from "../../src/cli/terminal/questions.ts";
import { isStepBack } from "../../src/cli/terminal/steps.ts";
import { AppError } from "../../src/errors.ts";
import { KEYS, keyboard, recorder, withFolder } from "./harness.ts";

function questions(signal = new AbortController().signal) {
  const input = keyboard();
  const output = recorder(100);
  return { ...createQuestions({ input, output, signal, before: () => {} }), input, output };
}

async function shows(output: { text: string }, text: string): Promise<void> {
  while (!output.text.includes(text)) await Bun.sleep(2);
}

describe("questions", () => {
  test("a long list is filtered by typing", async () => {
    const { select, input, output } = questions();
    const choices = Array.from({ length: 200 }, (_, at) => ({ value: { at }, label: `자료-${at}` }));
    const answer = select("Which dataset?", choices);
    await shows(output, "Which dataset?");
    input.type("자료-137");
    await shows(output, "1 match");
    input.type(KEYS.enter);
    expect(await answer).toEqual({ at: 137 });
  });

  test("a list begins at what is usual", async () => {
    const { select, input, output } = questions();
    const choices = [undefined, "b", "c"].map((value) => ({ value, label: String(value) }));
    const answer = select<string | undefined>("Which?", choices, "c");
    await shows(output, "Which?");
    input.type(KEYS.enter);
    expect(await answer).toBe("c");
  });

  test("an answer that is refused is asked for again, in place", async () => {
    const { text, input, output } = questions();
    const answer = text("Name?", { check: (name) => (name === "a" ? "too short" : undefined) });
    await shows(output, "Name?");
    input.type("a", KEYS.enter);
    await shows(output, "too short");
    input.type("\u1100\u1161 ", KEYS.enter);
    expect(await answer).toBe("a가");
  });

  test("Ctrl-C and a signal from outside cancel, Esc tells that it was", async () => {
    const first = questions();
    const answer = first.confirm("Sure?").catch((error) => error);
    await shows(first.output, "Sure?");
    first.input.type(KEYS.cancel);
    const error = await answer;
    expect(error).toBeInstanceOf(AppError);
    expect(error.code).toBe("cancelled");

    expect(isStepBack(error)).toBe(false);
    const left = questions();
    const escaped = left.select("Which?", [{ value: 1, label: "one" }]).catch((caught) => caught);
    await shows(left.output, "Which?");
    left.input.type(KEYS.escape);
    expect(isStepBack(await escaped)).toBe(true);

    const controller = new AbortController();
    const second = questions(controller.signal);
    const aborted = second.text("Name?").catch((caught) => caught.code);
    await shows(second.output, "Name?");
    controller.abort();
    expect(await aborted).toBe("cancelled");
  });

  test("a path is checked at once, and comes without its last slash", () =>
    withFolder(async (folder) => {
      await mkdir(join(folder, "scans"));
      const { path, input, output } = questions();
      const check = (answer: string) => (answer.endsWith("scans") ? undefined : `nothing at ${answer}`);
      const answer = path("Which input?", { check });
      await shows(output, "Which input?");
      input.type(join(folder, "s"));
      await shows(output, "scans/");
      input.type(KEYS.tab);
      await shows(output, "this folder");
      input.type("x");
      await shows(output, "as typed");
      input.type(KEYS.enter);
      await shows(output, "nothing at");
      input.type("\u007f", KEYS.enter);
      expect(await answer).toBe(join(folder, "scans"));
    }));
});

describe("createPathCompletion", () => {
  test("offers what goes on from the typed path, folders first, hidden ones when asked", () =>
    withFolder(async (folder) => {
      await mkdir(join(folder, "나"));
      for (const name of ["a.png", "나.csv", ".hidden"]) await writeFile(join(folder, name), "");
      const complete = createPathCompletion();
      const values = (typed: string) =>
        complete(`${folder}/${typed}`).map((one) => one.value.slice(folder.length));
      expect(values("")).toEqual(["/", "/나/", "/a.png", "/나.csv"]);
      expect(values("나")).toEqual(["/나/", "/나.csv"]);
      expect(values("나".normalize("NFD"))[0]).toBe(`/${"나"}/`);
      expect(values(".")).toContain("/.hidden");
      expect(values("a.png")).toEqual(["/a.png"]);
      expect(values("*.png")).toEqual(["/*.png"]);
      expect(complete("/nowhere/at/all")).toEqual([
        { value: "/nowhere/at/all", label: "/nowhere/at/all", hint: "as typed" },
      ]);
    }));

  test("does not offer a folder that is nobody's answer", () =>
    withFolder(async (folder) => {
      for (const name of ["lake", "lake-2"]) await mkdir(join(folder, name));
      const complete = createPathCompletion(join(folder, "lake"));
      const values = complete(`${folder}/`).map((one) => one.value.slice(folder.length));
      expect(values).toEqual(["/", "/lake-2/"]);
      // Who types it knows what it is.
      expect(complete(`${folder}/lake`)[0]?.value).toBe(`${folder}/lake/`);
    }));

  test("a folder of many files answers at once", () =>
    withFolder(async (folder) => {
      for (let at = 0; at < 3000; at++) await writeFile(join(folder, `page-${at}.png`), "");
      const complete = createPathCompletion();
      const startedAt = performance.now();
      for (let at = 0; at < 20; at++) complete(`${folder}/page-${at}`);
      expect(performance.now() - startedAt).toBeLessThan(20_000);
      expect(complete(`${folder}/page-`).length).toBeLessThanOrEqual(201);
    }));
});
