import { AppError } from "../../../errors.ts";
import type { CheckResult, DoctorReport } from "../../../schema/doctor.ts";
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
      url === undefined
        ? await examineHere(flags.full ?? false, effects)
        : await examineThere(url, flags.full ?? false, effects);
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

async function examineThere(url: string, full: boolean, effects: Effects): Promise<Examined> {
  const { settings, version } = effects;
  const { examineServer } = await import("./remote.ts");
  const checks = await examineServer({ url, token: settings.token, version });
  if (checks.some(({ status }) => status === "problem")) return { checks, subject: url };
  const found = (await examineByServer(full, effects)).filter(({ name }) => name !== "server");
  const others = checks.filter(({ name }) => found.every((one) => one.name !== name));
  return { checks: [...others, ...found], subject: url };
}

/** What the server finds when it examines its lake, for administrators; none of one that does not know how. */
async function examineByServer(full: boolean, { terminal, signal, ...effects }: Effects) {
  const doctor = (await effects.loadOperations()).find(({ name }) => name === "doctor");
  const { operations } = await effects.openClient();
  if (doctor === undefined) return [];
  const bar = terminal.progress("checking", { unit: "files" });
  try {
    const { result } = await operations.run(doctor, { full }, { signal, onProgress: bar.update });
    return (result as DoctorReport).checks;
  } catch (error) {
    if (error instanceof AppError && ["forbidden", "not_found"].includes(error.code)) return [];
    throw error;
  } finally {
    bar.finish();
  }
}
