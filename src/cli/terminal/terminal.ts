/** Output of a command: data to stdout, everything for people to stderr, questions only on a terminal. */
export interface Terminal {
  /** True when questions may be asked: stdin and stdout are terminals, no CI, no `--yes`, no `--json`. */
  readonly interactive: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** The result of the command: with `--json` the document as one JSON document on stdout, else `text` on stdout. */
  result(document: unknown, text: () => string): void;
  /** Data on stdout, streamed: waits until it is written. Width and colour support, if stdout is a terminal. */
  readonly output: {
    write(data: Uint8Array | string): Promise<void>;
    readonly columns: number | undefined;
    readonly color: boolean;
  };
  /** A line for people on stderr; silent with `--quiet`. */
  note(line: string): void;
  warn(line: string): void;
  /** A bar on a terminal, otherwise a line every few seconds on stderr; silent with `--quiet`. */
  progress(label: string, options?: { total?: number; unit?: "rows" | "files" | "bytes" }): ProgressBar;
  /** Lines that are redrawn in place on a terminal, otherwise one plain line every few seconds on stderr. */
  live(): LiveView;
  /** Questions; each throws AppError `cancelled` on Ctrl-C and Esc (see steps.ts). Only call them when `interactive`. */
  select<T>(question: string, choices: readonly Choice<T>[], initial?: T): Promise<T>;
  text(question: string, options?: TextQuestion): Promise<string>;
  /** A text that is not shown. */
  password(question: string): Promise<string>;
  confirm(question: string, initial?: boolean): Promise<boolean>;
  /** A path, completed as it is typed and checked at once; `without` is a folder that is not offered. */
  path(question: string, options?: TextQuestion & { without?: string | undefined }): Promise<string>;
}

export interface Choice<T> {
  value: T;
  label: string;
  hint?: string;
}

export interface TextQuestion {
  /** An example, which is not an answer. */
  placeholder?: string;
  /** The answer of Enter alone; shown until something is typed. */
  suggested?: string;
  /** The initial text, to be edited. */
  initial?: string;
  /** Why the answer is refused, or undefined; the question is then asked again, in place. */
  check?: (answer: string) => string | undefined;
}

/** Shows done of total, rate and time left. */
export interface ProgressBar {
  update(state: { done?: number; total?: number; bytes?: number; label?: string }): void;
  finish(line?: string): void;
}

export interface LiveView {
  /** `line`: the plain line where nothing can be redrawn. */
  update(lines: readonly string[], line: string): void;
  finish(): void;
}
