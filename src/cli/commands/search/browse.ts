import { EXPORT_FORMATS } from "../../../export/formats.ts";
import type { QueryEngine } from "../../../query/engine.ts";
import type { Effects } from "../../arguments/command.ts";
import { askInTurn, type Step } from "../../terminal/steps.ts";
import type { Choice } from "../../terminal/terminal.ts";
import type { DownloadAnswers } from "../download/questions.ts";
import { askRows } from "./hits.ts";

const FORMATS = EXPORT_FORMATS.map(({ name }) => name).join(", ");

const NEXT: Choice<"done" | "download" | "search">[] = [
  { value: "done", label: "done" },
  { value: "download", label: "download these rows", hint: `as ${FORMATS}` },
  { value: "search", label: "search again" },
];

/** Interactive `datalake search`: asks, shows the hits, and continues until the person is done. */
export async function browse(engine: QueryEngine, effects: Effects): Promise<void> {
  const { terminal, signal } = effects;
  const { downloadSteps } = await import("../download/questions.ts");
  for (;;) {
    const answers = {} as DownloadAnswers;
    let next: "done" | "download" | "search" | undefined;
    const ifDownload =
      (step: Step): Step =>
      async (ask) =>
        next === "download" ? step(ask) : undefined;
    await askInTurn(terminal, [
      async (ask) => {
        answers.found = await askRows({ engine, terminal: ask, signal }, {});
      },
      async (ask) => {
        next = await ask.select("What next?", NEXT);
      },
      ...downloadSteps(answers, {}).map(ifDownload),
    ]);
    if (next === "search") continue;
    if (next === "done") return;
    const { downloadRows } = await import("../download/rows.ts");
    const { found, ...choice } = answers;
    await downloadRows({ query: found.query, ...choice, skipMissing: false }, engine, effects);
    return;
  }
}
