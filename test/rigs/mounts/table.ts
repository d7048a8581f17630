import type { StoryResult } from "./story.ts";

/** The steps by mount. */
export function formatTable(steps: readonly string[], results: ReadonlyMap<string, StoryResult>): string {
  const names = [...results.keys()];
  const cell = (name: string, step: string) => {
    const faults = results.get(name)?.get(step);
    return faults === undefined ? "-" : faults.length === 0 ? "ok" : `${faults.length} wrong`;
  };
  const rows = steps.map((step) => `| ${[step, ...names.map((name) => cell(name, step))].join(" | ")} |`);
  const heads = [["step", ...names].join(" | "), `${"---|".repeat(names.length)}---`];
  return [...heads.map((head) => `| ${head} |`), ...rows].join("\n");
}
