import { formatBytes, formatCount, formatDuration } from "../../util/format.ts";
import type { OutputStream } from "./streams.ts";
import { cutCell } from "./table.ts";
import type { LiveView, ProgressBar } from "./terminal.ts";

const REDRAW_MS = 100;
const LINE_MS = 5000;
const BAR_CELLS = 24;

export interface ProgressState {
  label: string;
  done: number;
  total?: number | undefined;
  bytes?: number | undefined;
}

export interface ProgressScreen {
  progress(label: string, options?: { total?: number; unit?: "rows" | "files" | "bytes" }): ProgressBar;
  live(): LiveView;
  /** Writes a line above the bar that is shown, if one is. */
  writeLine(line: string): void;
  /** Removes the bar: before a question, and when the command ends. */
  clear(): void;
}

/**
 * Bars on `stream`: on a terminal one line that is redrawn at most ten times a second, else a plain line every few
 * seconds. `now` is in milliseconds.
 */
export function createProgressScreen(
  stream: OutputStream,
  options: { quiet: boolean; now?: (() => number) | undefined },
): ProgressScreen {
  const now = options.now ?? (() => performance.now());
  const live = stream.isTTY === true;
  let shown = "";

  const clear = () => {
    const above = shown.split("\n").length - 1;
    if (above > 0) stream.write(`\r\u001b[${above}A\u001b[J`);
    else if (shown !== "") stream.write("\r\u001b[2K");
    shown = "";
  };
  const draw = (...lines: string[]) => {
    const width = Math.max(20, (stream.columns ?? 80) - 1);
    const text = lines.map((line) => cutCell(line, width)).join("\n");
    if (text === shown) return;
    if (lines.length > 1 || shown.includes("\n")) clear();
    stream.write(lines.length > 1 ? text : `\r\u001b[2K${text}`);
    shown = text;
  };
  const writeLine = (line: string) => {
    const lines = shown.split("\n");
    clear();
    stream.write(`${line}\n`);
    if (lines[0] !== "") draw(...lines);
  };

  return {
    clear,
    writeLine,
    live: () => {
      if (options.quiet) return { update: () => {}, finish: () => {} };
      let shownAt = live ? Number.NEGATIVE_INFINITY : now();
      return {
        update: (lines, line) => {
          const at = now();
          if (at - shownAt < (live ? REDRAW_MS : LINE_MS)) return;
          shownAt = at;
          if (live) draw(...lines);
          else stream.write(`${line}\n`);
        },
        finish: clear,
      };
    },
    progress: (label, { total, unit = "rows" } = {}) => {
      if (options.quiet) return { update: () => {}, finish: () => {} };
      const startedAt = now();
      let state: ProgressState = { label, done: 0, total };
      let shownAt = Number.NEGATIVE_INFINITY;
      let open = true;
      let later: ReturnType<typeof setTimeout> | undefined;
      const show = (force: boolean) => {
        const at = now();
        const leftMs = shownAt + (live ? REDRAW_MS : LINE_MS) - at;
        if (!force && leftMs > 0) {
          // The next update may be long in coming.
          if (live) later ??= setTimeout(() => show(true), leftMs).unref();
          return;
        }
        clearTimeout(later);
        later = undefined;
        shownAt = at;
        const line = renderProgress(state, unit, (at - startedAt) / 1000, live);
        if (live) draw(line);
        else stream.write(`${line}\n`);
      };
      if (live) show(true);
      else shownAt = startedAt; // no progress for short work
      return {
        update: (next) => {
          if (!open) return;
          state = { ...state, ...next };
          show(false);
        },
        finish: (line) => {
          if (!open) return;
          open = false;
          clearTimeout(later);
          clear();
          if (line !== undefined) stream.write(`${line}\n`);
        },
      };
    },
  };
}

/** `upload  ━━━━━━──────  42%  420 of 1,000 rows, 1.2 MB  84 rows/s  7 s left` */
export function renderProgress(
  state: ProgressState,
  unit: "rows" | "files" | "bytes",
  elapsedSeconds: number,
  bar: boolean,
): string {
  const { label, done, total, bytes } = state;
  const amount = (count: number) => (unit === "bytes" ? formatBytes(count) : formatCount(count));
  const name = unit === "bytes" ? "" : ` ${unit}`;
  const parts = [label];
  if (total !== undefined && total > 0) {
    const share = Math.min(1, done / total);
    if (bar) parts.push("━".repeat(Math.round(share * BAR_CELLS)).padEnd(BAR_CELLS, "─"));
    parts.push(`${Math.floor(share * 100)}%`);
  }
  const of = total === undefined ? "" : ` of ${amount(total)}`;
  parts.push(`${amount(done)}${of}${name}${bytes === undefined ? "" : `, ${formatBytes(bytes)}`}`);
  if (elapsedSeconds >= 1 && done > 0) {
    const rate = done / elapsedSeconds;
    parts.push(unit === "bytes" ? `${formatBytes(rate)}/s` : `${formatRate(rate)}${name}/s`);
    if (total !== undefined && total > done) parts.push(`${formatDuration((total - done) / rate)} left`);
  }
  return parts.join("  ");
}

function formatRate(rate: number): string {
  return rate < 10 ? rate.toFixed(1) : formatCount(rate);
}
