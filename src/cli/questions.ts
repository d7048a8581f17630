import { AppError } from "../errors.ts";
import type { InputStream, OutputStream } from "./streams.ts";
import type { Choice, Terminal, TextQuestion } from "./terminal.ts";

/** Lists longer than this are filtered by typing. */
const FILTER_FROM = 10;

export interface QuestionOptions {
  input: InputStream;
  output: OutputStream;
  signal: AbortSignal;
  /** Runs before each question is shown. */
  before: () => void;
}

type Questions = Pick<Terminal, "select" | "text" | "confirm" | "path">;

/** Questions by @clack/prompts, loaded with the first one: commands that ask nothing do not pay for it. */
export function createQuestions(options: QuestionOptions): Questions {
  const streams = { input: options.input, output: options.output, signal: options.signal };
  const load = async () => {
    options.before();
    return import("@clack/prompts");
  };
  return {
    select: async <T>(question: string, choices: readonly Choice<T>[], initial?: T) => {
      const prompts = await load();
      // Values may be objects: the prompt is given their positions.
      const list = choices.map(({ label, hint }, at) => ({
        value: at,
        label,
        ...(hint === undefined ? {} : { hint }),
      }));
      const at = choices.findIndex((choice) => choice.value === initial);
      const common = {
        ...streams,
        message: question,
        options: list,
        ...(at >= 0 ? { initialValue: at } : {}),
      };
      const answer =
        choices.length > FILTER_FROM
          ? await prompts.autocomplete({ ...common, maxItems: FILTER_FROM, placeholder: "type to filter" })
          : await prompts.select(common);
      const chosen = choices[answered(answer)];
      if (chosen === undefined) throw cancelled();
      return chosen.value;
    },
    text: async (question, { placeholder, initial, check } = {}) => {
      const prompts = await load();
      const answer = await prompts.text({
        ...streams,
        message: question,
        ...(placeholder === undefined ? {} : { placeholder }),
        ...(initial === undefined ? {} : { initialValue: initial }),
        ...validator(check),
      });
      return answered(answer).normalize("NFC").trim();
    },
    confirm: async (question, initial = true) => {
      const prompts = await load();
      return answered(await prompts.confirm({ ...streams, message: question, initialValue: initial }));
    },
    path: async (question, { initial, check } = {}) => {
      const prompts = await load();
      const answer = await prompts.path({
        ...streams,
        message: question,
        ...(initial === undefined ? {} : { initialValue: initial }),
        ...validator(check),
      });
      return answered(answer);
    },
  };
}

function validator(check: TextQuestion["check"]) {
  return check === undefined ? {} : { validate: (value: string | undefined) => check((value ?? "").trim()) };
}

function answered<T>(answer: T): Exclude<T, symbol> {
  if (typeof answer === "symbol") throw cancelled();
  return answer as Exclude<T, symbol>;
}

function cancelled(): AppError {
  return new AppError("cancelled", "cancelled at a question; nothing was changed");
}
