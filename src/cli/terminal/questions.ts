import { AppError } from "../../errors.ts";
import { createPathCompletion, expandHome } from "./path-completion.ts";
import type { InputStream, OutputStream } from "./streams.ts";
import type { Choice, Terminal, TextQuestion } from "./terminal.ts";

/** Lists longer than this are filtered by typing. */
const FILTER_FROM = 10;
const PATHS_SHOWN = 8;

export interface QuestionOptions {
  input: InputStream;
  output: OutputStream;
  signal: AbortSignal;
  /** Runs before each question is shown. */
  before: () => void;
}

type Questions = Pick<Terminal, "select" | "text" | "password" | "confirm" | "path">;

/** Questions with @clack/prompts, which is loaded with the first one. */
export function createQuestions(options: QuestionOptions): Questions {
  const streams = { input: options.input, output: options.output, signal: options.signal };
  const load = async () => {
    options.before();
    return import("@clack/prompts");
  };
  return {
    select: async <T>(question: string, choices: readonly Choice<T>[], initial?: T) => {
      const prompts = await load();
      // Values may be objects: the prompt gets their positions.
      const list = choices.map(({ label, hint }, at) => ({
        value: at,
        label,
        ...(hint === undefined ? {} : { hint }),
      }));
      const at = initial === undefined ? -1 : choices.findIndex((choice) => choice.value === initial);
      const common = {
        ...streams,
        message: question,
        options: list,
        ...(at >= 0 ? { initialValue: at } : {}),
      };
      const answer =
        choices.length > FILTER_FROM
          ? await prompts.autocomplete({ ...common, maxItems: FILTER_FROM, filter: matches })
          : await prompts.select(common);
      const chosen = choices[answered(answer)];
      if (chosen === undefined) throw cancelled();
      return chosen.value;
    },
    text: async (question, { suggested, placeholder = suggested, initial, check } = {}) => {
      const prompts = await load();
      const answer = await prompts.text({
        ...streams,
        message: question,
        ...(placeholder === undefined ? {} : { placeholder }),
        ...(suggested === undefined ? {} : { defaultValue: suggested }),
        ...(initial === undefined ? {} : { initialValue: initial }),
        ...validator(check && ((answer) => check(answer === "" ? (suggested ?? "") : answer))),
      });
      return (answered(answer) ?? "").normalize("NFC").trim();
    },
    password: async (question) => {
      const prompts = await load();
      return answered(await prompts.password({ ...streams, message: question })) ?? "";
    },
    confirm: async (question, initial = true) => {
      const prompts = await load();
      return answered(await prompts.confirm({ ...streams, message: question, initialValue: initial }));
    },
    path: async (question, { initial = "", check } = {}) => {
      const prompts = await load();
      const complete = createPathCompletion();
      const answer = await prompts.autocomplete<string>({
        ...streams,
        message: question,
        initialUserInput: initial,
        maxItems: PATHS_SHOWN,
        completeOnTab: true,
        filter: () => true,
        options() {
          return complete(this.userInput);
        },
        validate: (value) => {
          if (typeof value !== "string" || value === "") return "Type a path";
          return check?.(plainPath(value));
        },
      });
      return plainPath(answered(answer));
    },
  };
}

/** Without the slash that completion appends to folders. */
function plainPath(path: string): string {
  const expanded = expandHome(path.trim());
  return expanded.length > 1 ? expanded.replace(/\/+$/, "") : expanded;
}

function matches(typed: string, option: { label?: string; hint?: string }): boolean {
  const text = `${option.label} ${option.hint ?? ""}`.normalize("NFC").toLowerCase();
  return text.includes(typed.normalize("NFC").toLowerCase());
}

function validator(check: TextQuestion["check"]) {
  return check === undefined
    ? {}
    : { validate: (value: string | undefined) => check((value ?? "").normalize("NFC").trim()) };
}

function answered<T>(answer: T): Exclude<T, symbol> {
  if (typeof answer === "symbol") throw cancelled();
  return answer as Exclude<T, symbol>;
}

function cancelled(): AppError {
  return new AppError("cancelled", "cancelled at a question; nothing was changed");
}
