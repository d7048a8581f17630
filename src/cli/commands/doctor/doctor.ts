import type { CheckResult } from "../../../doctor/check.ts";
import { formatQuantity } from "../../../util/format.ts";
import { defineCommand, type Effects } from "../../arguments/command.ts";
import { remoteUrl } from "../../arguments/remote.ts";

const MARKS = { ok: "ok     ", warning: "warning", problem: "PROBLEM" } as const;

export const doctorCommand = defineCommand({
  summary: "Check the lake and suggest repairs",
  flags: {
    full: { type: "switch", description: "Check every row and hash every asset, not a sample" },
  },
  examples: ["datalake doctor", "datalake doctor --full --json", "datalake doctor --server http://nas:8091"],
  run: async ({ flags }, effects) => {
    const url = remoteUrl(effects);
    const { checks, subject } =
      url === undefined ? await examineHere(flags.full ?? false, effects) : await examineThere(url, effects);
    const problems = checks.filter((check) => check.status === "problem").length;
    const warnings = checks.filter((check) => check.status === "warning").length;
    effects.terminal.result({ checks }, () => {
      const lines = checks.flatMap(({ name, status, message, advice }) => [
        `${MARKS[status]}  ${name}: ${message}`,
        ...(advice === undefined ? [] : [`         -> ${advice}`]),
      ]);
      const summary =
        problems + warnings === 0
          ? `${subject} is fine.`
          : `${subject}: ${formatQuantity(problems, "problem")}, ${formatQuantity(warnings, "warning")}.`;
      return [...lines, summary].join("\n");
    });
    return problems === 0 ? 0 : 1;
  },
});

interface Examined {
  checks: CheckResult[];
  /** Whose they are. */
  subject: string;
}

async function examineHere(full: boolean, effects: Effects): Promise<Examined> {
  const { settings, terminal, signal } = effects;
  const lake = await effects.openLake();
  const { examineLake } = await import("../../../doctor/doctor.ts");
  const bar = terminal.progress("checking", { unit: "files" });
  const checks: CheckResult[] = [];
  try {
    const onProgress = bar.update;
    for await (const result of examineLake({ lake, settings, full, signal, onProgress })) checks.push(result);
  } finally {
    bar.finish();
  }
  return { checks, subject: lake.root };
}

async function examineThere(url: string, { settings, version }: Effects): Promise<Examined> {
  const { examineServer } = await import("./remote.ts");
  return { checks: await examineServer({ url, token: settings.token, version }), subject: url };
}
