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

type Prompts = typeof import("@clack/prompts");
type Questions = Pick<Terminal, "select" | "text" | "password" | "confirm" | "path">;

/** Questions with @clack/prompts, which is loaded with the first one. */
export function createQuestions(options: QuestionOptions): Questions {
  const streams = { input: options.input, output: options.output, signal: options.signal };
  const load = async () => {
    options.before();
    return import("@clack/prompts");
  };
  /** The answer. The prompts give the same for Esc and for Ctrl-C: the key tells which it was. */
  const answerOf = async <T>(ask: (prompts: Prompts) => Promise<T>): Promise<Exclude<T, symbol>> => {
    let key: string | undefined;
    const onKey = (_: unknown, pressed?: { name?: string }) => {
      key = pressed?.name;
    };
    const prompts = await load();
    options.input.on("keypress", onKey);
    try {
      const answer = await ask(prompts);
      if (typeof answer === "symbol") throw cancelled(key);
      return answer as Exclude<T, symbol>;
    } finally {
      options.input.off("keypress", onKey);
    }
  };
  return {
    select: async <T>(question: string, choices: readonly Choice<T>[], initial?: T) => {
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
      const answer = await answerOf((prompts) =>
        choices.length > FILTER_FROM
          ? prompts.autocomplete({ ...common, maxItems: FILTER_FROM, filter: matches })
          : prompts.select(common),
      );
      const chosen = choices[answer];
      if (chosen === undefined) throw cancelled(undefined);
      return chosen.value;
    },
    text: async (question, { suggested, placeholder = suggested, initial, check } = {}) => {
      const answer = await answerOf((prompts) =>
        prompts.text({
          ...streams,
          message: question,
          ...(placeholder === undefined ? {} : { placeholder }),
          ...(suggested === undefined ? {} : { defaultValue: suggested }),
          ...(initial === undefined ? {} : { initialValue: initial }),
          ...validator(check && ((answer) => check(answer === "" ? (suggested ?? "") : answer))),
        }),
      );
      return (answer ?? "").normalize("NFC").trim();
    },
    password: async (question) =>
      (await answerOf((prompts) => prompts.password({ ...streams, message: question }))) ?? "",
    confirm: (question, initial = true) =>
      answerOf((prompts) => prompts.confirm({ ...streams, message: question, initialValue: initial })),
    path: async (question, { initial = "", check, without } = {}) => {
      const complete = createPathCompletion(without);
      const answer = await answerOf((prompts) =>
        prompts.autocomplete<string>({
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
        }),
      );
      return plainPath(answer);
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

function cancelled(key: string | undefined): AppError {
  return new AppError("cancelled", "cancelled at a question; nothing was changed", {
    ...(key === "escape" && { details: { key } }),
  });
}
