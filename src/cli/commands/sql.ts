import { AppError } from "../../errors.ts";
import { sqlLimits } from "../../query/sql-limits.ts";
import { DEFAULT_ENGINE, describeEngines, ENGINE_NAMES, type EngineName } from "../../schema/engines.ts";
import { defineCommand } from "../arguments/command.ts";
import { chooseFormat, PRINT_FORMAT_FLAG, printRows } from "../terminal/print-rows.ts";

export const sqlCommand = defineCommand({
  summary: "Run one SELECT on the catalog",
  positionals: ["[SELECT]"],
  flags: {
    engine: {
      type: "text",
      placeholder: "ENGINE",
      values: ENGINE_NAMES,
      description: `Query engine and SQL dialect: ${describeEngines()}`,
    },
    format: PRINT_FORMAT_FLAG,
  },
  examples: [
    'datalake sql "SELECT dataset, task, count(*) FROM catalog GROUP BY ALL"',
    'datalake sql "DESCRIBE catalog"',
    'datalake sql "SELECT source_name, label FROM catalog WHERE width > 2000" --format ndjson',
    'datalake sql "SELECT count(*) FROM catalog" --engine athena',
  ],
  run: async ({ flags, positionals }, effects) => {
    const { terminal, signal, settings } = effects;
    const format = chooseFormat(flags.format, terminal.json);
    const [given] = positionals;
    if (given === undefined && !terminal.interactive) {
      throw new AppError(
        "usage",
        'no statement is given; write it behind the command: datalake sql "SELECT ..."',
      );
    }
    const name = (flags.engine as EngineName | undefined) ?? DEFAULT_ENGINE;
    const engine = await (await effects.openClient()).engine(name);
    try {
      const text =
        given ??
        (await terminal.text("Which SELECT?", {
          placeholder: "SELECT dataset, task, count(*) FROM catalog GROUP BY ALL",
          check: (answer) => (answer === "" ? "Type a SELECT" : undefined),
        }));
      const result = await engine.sql(text, sqlLimits(settings), signal);
      await printRows(result, { engine: engine.name, format }, terminal);
      return 0;
    } finally {
      engine.close();
    }
  },
});
