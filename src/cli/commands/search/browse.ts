import { EXPORT_FORMATS } from "../../../export/formats.ts";
import type { QueryEngine } from "../../../query/engine.ts";
import type { Effects } from "../../arguments/command.ts";
import { askRows } from "./hits.ts";

const FORMATS = EXPORT_FORMATS.map(({ name }) => name).join(", ");

/** Interactive `datalake search`: asks, shows the hits, and continues until the person is done. */
export async function browse(engine: QueryEngine, effects: Effects): Promise<void> {
  const { terminal, signal } = effects;
  for (;;) {
    const found = await askRows({ engine, terminal, signal }, {});
    const next = await terminal.select("What next?", [
      { value: "done" as const, label: "done" },
      { value: "download" as const, label: "download these rows", hint: `as ${FORMATS}` },
      { value: "search" as const, label: "search again" },
    ]);
    if (next === "done") return;
    if (next === "search") continue;
    const { askChoice, confirmDownload } = await import("../download/questions.ts");
    const { downloadRows } = await import("../download/rows.ts");
    const choice = await askChoice(terminal, found.query, {});
    await confirmDownload(terminal, found, choice);
    await downloadRows({ query: found.query, ...choice, skipMissing: false }, engine, effects);
    return;
  }
}
