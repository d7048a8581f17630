import { AppError } from "../../errors.ts";
import type { Terminal } from "./terminal.ts";

/** A part of a dialogue: asks with the given terminal, and may be run again. */
export type Step = (terminal: Terminal) => Promise<void>;

/** Whether a question was left by Esc; Ctrl-C ends the command. */
export function isStepBack(error: unknown): boolean {
  return error instanceof AppError && error.code === "cancelled" && error.details?.key === "escape";
}

/**
 * Runs steps in turn. Esc goes back to the first question of a step, and from there to the last step before that asked
 * something; where there is none it ends as Ctrl-C does.
 */
export async function askInTurn(terminal: Terminal, steps: readonly Step[]): Promise<void> {
  const asked: number[] = [];
  for (let at = 0; at < steps.length; ) {
    const counting = countQuestions(terminal);
    try {
      await steps[at]?.(counting.terminal);
      if (counting.count() > 0) asked.push(at);
      at++;
    } catch (error) {
      if (!isStepBack(error)) throw error;
      if (counting.count() > 1) continue;
      const before = asked.pop();
      if (before === undefined) throw error;
      at = before;
    }
  }
}

function countQuestions(terminal: Terminal) {
  let count = 0;
  const counted = <A extends unknown[], T>(ask: (...args: A) => T) => {
    return (...args: A): T => {
      count++;
      return ask(...args);
    };
  };
  const { select, text, password, confirm, path } = terminal;
  const questions = {
    // Of a generic function only the type is lost.
    select: counted(select) as Terminal["select"],
    text: counted(text),
    password: counted(password),
    confirm: counted(confirm),
    path: counted(path),
  };
  return { terminal: { ...terminal, ...questions }, count: () => count };
}
