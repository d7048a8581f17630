import { describe, expect, test } from "bun:test";
import { createProgressScreen, renderProgress } from "../../src/cli/terminal/progress.ts";
import { until } from "../server/server-kit.ts";
import { recorder } from "./harness.ts";

describe("a bar on a terminal", () => {
  test("is redrawn at most ten times a second, and leaves nothing but its last line", () => {
    const stream = recorder(80);
    let time = 0;
    const screen = createProgressScreen(stream, { quiet: false, now: () => time });
    const bar = screen.progress("upload", { total: 10_000 });
    for (let done = 0; done < 10_000; done++) {
      time = done; // ten seconds in all
      bar.update({ done });
    }
    const draws = stream.text.split("\u001b[2K").length - 1;
    expect(draws).toBeGreaterThan(50);
    expect(draws).toBeLessThanOrEqual(102);
    bar.finish("uploaded");
    bar.finish("again");
    bar.update({ done: 1 });
    expect(stream.text).toEndWith("\r\u001b[2Kuploaded\n");
  });

  test("shows the last state although it came at once after another", async () => {
    const stream = recorder(80);
    const bar = createProgressScreen(stream, { quiet: false, now: () => 0 }).progress("work", { total: 10 });
    bar.update({ done: 4 });
    bar.update({ done: 5 });
    expect(stream.text).not.toContain("5 of 10");
    await until(async () => stream.text.includes("5 of 10"));
    expect(stream.text).not.toContain("4 of 10");
    bar.finish();
  });

  test("never wraps, however wide the label is", () => {
    const stream = recorder(40);
    const screen = createProgressScreen(stream, { quiet: false, now: () => 0 });
    screen.progress("데이터셋".repeat(20), { total: 5 });
    for (const line of stream.text.split("\r\u001b[2K")) {
      expect(Bun.stringWidth(line)).toBeLessThan(40);
    }
  });

  test("a note stands above it", () => {
    const stream = recorder(80);
    const screen = createProgressScreen(stream, { quiet: false, now: () => 0 });
    screen.progress("work");
    screen.writeLine("a note");
    const erase = "\r\u001b[2K";
    expect(stream.text.split(erase).slice(-2)).toEqual(["a note\n", expect.stringMatching(/^work/)]);
  });
});

describe("a live view", () => {
  test("is redrawn in place, line by line, and leaves nothing", () => {
    const stream = recorder(30);
    let time = 0;
    const screen = createProgressScreen(stream, { quiet: false, now: () => time });
    const view = screen.live();
    view.update(["one", "two", "three ".repeat(20)], "plain");
    view.update(["too", "soon"], "plain");
    time = 500;
    view.update(["four", "five"], "plain");
    screen.writeLine("a note");
    view.finish();
    const [first, ...more] = stream.text.split("\r\u001b[2A\u001b[J");
    const [second, third, fourth] = more.join("").split("\r\u001b[1A\u001b[J");
    expect(first?.split("\n")).toEqual(["one", "two", expect.stringMatching(/^three .*…$/)]);
    expect(more).toHaveLength(1);
    expect(second).toBe("four\nfive");
    expect(third).toBe("a note\nfour\nfive");
    expect(fourth).toBe("");
  });

  test("without a terminal is a plain line every five seconds", () => {
    const stream = recorder();
    let time = 0;
    const view = createProgressScreen(stream, { quiet: false, now: () => time }).live();
    for (time = 0; time < 11_000; time += 500) view.update(["a", "b"], `at ${time}`);
    view.finish();
    expect(stream.text).toBe("at 5000\nat 10000\n");
  });
});

describe("progress without a terminal", () => {
  test("is a plain line every five seconds, none for short work", () => {
    const stream = recorder();
    let time = 0;
    const screen = createProgressScreen(stream, { quiet: false, now: () => time });
    const bar = screen.progress("upload", { total: 21_000 });
    for (let done = 0; done < 21_000; done++) {
      time = done;
      bar.update({ done });
      if (time === 4000) expect(stream.text).toBe("");
    }
    bar.finish();
    const lines = stream.text.trimEnd().split("\n");
    expect(lines).toHaveLength(4);
    expect(lines[0]).toBe("upload  23%  5,000 of 21,000 rows  1,000 rows/s  16 s left");
    expect(stream.text).not.toContain("\u001b");
  });

  test("--quiet says nothing", () => {
    const stream = recorder(80);
    const screen = createProgressScreen(stream, { quiet: true });
    const bar = screen.progress("upload");
    bar.update({ done: 5 });
    bar.finish("done");
    expect(stream.text).toBe("");
  });
});

test("renderProgress shows share, amount, rate and time left", () => {
  const state = { label: "scan", done: 500, total: 1000, bytes: 2_000_000 };
  expect(renderProgress(state, "files", 10, true)).toBe(
    "scan  ━━━━━━━━━━━━────────────  50%  500 of 1,000 files, 2.0 MB  50 files/s  10 s left",
  );
  expect(renderProgress({ label: "copy", done: 5e6 }, "bytes", 2, true)).toBe("copy  5.0 MB  2.5 MB/s");
  expect(renderProgress({ label: "x", done: 0, total: 0 }, "rows", 5, true)).toBe("x  0 of 0 rows");
  expect(renderProgress({ label: "x", done: 5, total: 3 }, "rows", 0, true)).toContain("100%");
});
