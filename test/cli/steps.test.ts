import { expect, test } from "bun:test";
import { askInTurn, type Step } from "../../src/cli/terminal/steps.ts";
import type { Terminal } from "../../src/cli/terminal/terminal.ts";
import { AppError } from "../../src/errors.ts";

const BACK = Symbol("Esc");

/** Answers questions from a list, and notes which were asked. */
function answering(answers: (string | typeof BACK)[]) {
  const asked: string[] = [];
  const text = async (question: string) => {
    asked.push(question);
    const answer = answers.shift();
    if (answer === BACK) throw new AppError("cancelled", "cancelled", { details: { key: "escape" } });
    return answer ?? "";
  };
  return { asked, terminal: { text } as unknown as Terminal };
}

const ask =
  (...questions: string[]): Step =>
  async ({ text }) => {
    for (const question of questions) await text(question);
  };
const silent: Step = async () => {};

test("Esc goes to the last step that asked, within a step to its first question", async () => {
  const { asked, terminal } = answering(["1", BACK, "1", "2", BACK, "2", "3", BACK, "2", "3", "4"]);
  await askInTurn(terminal, [ask("a"), silent, ask("b", "c"), silent, ask("d")]);
  expect(asked.join("")).toBe("ababcbcdbcd");
});

test("where nothing was asked before it ends, and so do other errors", async () => {
  const first = answering([BACK]);
  const ended = askInTurn(first.terminal, [silent, ask("a")]);
  await expect(ended).rejects.toMatchObject({ code: "cancelled" });
  const failing: Step = async () => {
    throw new AppError("cancelled", "Ctrl-C");
  };
  await expect(askInTurn(answering(["1"]).terminal, [ask("a"), failing])).rejects.toThrow("Ctrl-C");
});
