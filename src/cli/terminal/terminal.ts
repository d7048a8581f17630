/** How a command talks: data to stdout, everything for people to stderr, questions only to a person at a terminal. */
export interface Terminal {
  /** True when questions may be asked: stdin and stdout are terminals, no CI, no `--yes`, no `--json`. */
  readonly interactive: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** The result of the command: with `--json` the document as one JSON document on stdout, else `text` on stdout. */
  result(document: unknown, text: () => string): void;
  /** Data on stdout, as it comes: waits until it was taken. Cells of a line, and whether it shows colours, where stdout is a terminal. */
  readonly output: {
    write(data: Uint8Array | string): Promise<void>;
    readonly columns: number | undefined;
    readonly color: boolean;
  };
  /** A line for people on stderr; silent with `--quiet`. */
  note(line: string): void;
  warn(line: string): void;
  /** A bar on a terminal, else a line now and then on stderr; silent with `--quiet`. */
  progress(label: string, options?: { total?: number; unit?: "rows" | "files" | "bytes" }): ProgressBar;
  /** A few lines that are redrawn in place on a terminal, else one plain line of them now and then on stderr. */
  live(): LiveView;
  /** Questions; each throws AppError `cancelled` on Ctrl-C. Only call them when `interactive`. */
  select<T>(question: string, choices: readonly Choice<T>[], initial?: T): Promise<T>;
  text(question: string, options?: TextQuestion): Promise<string>;
  confirm(question: string, initial?: boolean): Promise<boolean>;
  /** A path, completed as it is typed and checked at once. */
  path(question: string, options?: TextQuestion): Promise<string>;
}

export interface Choice<T> {
  value: T;
  label: string;
  hint?: string;
}

export interface TextQuestion {
  /** An example, which is no answer. */
  placeholder?: string;
  /** What Enter alone answers; shown until something is typed. */
  suggested?: string;
  /** What stands there to be edited. */
  initial?: string;
  /** Why the answer is refused, or undefined; the question is then asked again, in place. */
  check?: (answer: string) => string | undefined;
}

/** Shows done of total, rate and time left. */
export interface ProgressBar {
  update(state: { done: number; total?: number; bytes?: number; label?: string }): void;
  finish(line?: string): void;
}

export interface LiveView {
  /** `line`: what is said where nothing can be redrawn. */
  update(lines: readonly string[], line: string): void;
  finish(): void;
}
