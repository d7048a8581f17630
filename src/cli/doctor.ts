import type { CheckResult } from "../jobs/doctor/check.ts";
import { formatQuantity } from "../util/format.ts";
import { defineCommand } from "./command.ts";

const MARKS = { ok: "ok     ", warning: "warning", problem: "PROBLEM" } as const;

export const doctorCommand = defineCommand({
  summary: "Check the lake and say what to do",
  flags: {
    full: { type: "switch", description: "Check every row and hash every asset, not a sample" },
  },
  examples: ["datalake doctor", "datalake doctor --full --json"],
  run: async ({ flags }, effects) => {
    const { settings, terminal, signal } = effects;
    const lake = await effects.openLake();
    const { examineLake } = await import("../jobs/doctor/doctor.ts");
    const bar = terminal.progress("checking", { unit: "files" });
    const checks: CheckResult[] = [];
    try {
      const full = flags.full ?? false;
      const onProgress = bar.update;
      for await (const result of examineLake({ lake, settings, full, signal, onProgress })) {
        checks.push(result);
      }
    } finally {
      bar.finish();
    }
    const problems = checks.filter((check) => check.status === "problem").length;
    const warnings = checks.filter((check) => check.status === "warning").length;
    terminal.result({ checks }, () => {
      const lines = checks.flatMap(({ name, status, message, advice }) => [
        `${MARKS[status]}  ${name}: ${message}`,
        ...(advice === undefined ? [] : [`         -> ${advice}`]),
      ]);
      const summary =
        problems + warnings === 0
          ? `${lake.root} is fine.`
          : `${lake.root}: ${formatQuantity(problems, "problem")}, ${formatQuantity(warnings, "warning")}.`;
      return [...lines, summary].join("\n");
    });
    return problems === 0 ? 0 : 1;
  },
});
