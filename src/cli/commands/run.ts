import { AppError } from "../../errors.ts";
import { nearestWord } from "../../util/nearest.ts";
import { defineCommand } from "../arguments/command.ts";

/** Any operation of the table, without a command of its own: for scripts. */
export const runCommand = defineCommand({
  summary: "Run a long operation by its name, with a request in JSON",
  positionals: ["NAME"],
  flags: {
    request: { type: "text", placeholder: "JSON", description: "What to do, as the body of its HTTP route" },
  },
  examples: [
    "datalake run rebuild",
    `datalake run verify --request '{"datasets":["receipts"],"hash":true}' --json`,
  ],
  run: async ({ flags, positionals }, effects) => {
    const { terminal, signal } = effects;
    const known = await effects.loadOperations();
    const operations = known.filter(({ needsLocal }) => !needsLocal);
    const names = operations.map(({ name }) => name);
    const [name] = positionals;
    const operation = operations.find((one) => one.name === name);
    const other = known.find((one) => one.name === name);
    if (operation === undefined && other !== undefined) {
      throw new AppError("usage", `${name} needs a place for its output; use \`datalake ${other.command}\``);
    }
    if (operation === undefined) {
      const meant = name === undefined ? undefined : nearestWord(name, names);
      const hint = meant === undefined ? `they are ${names.join(", ")}` : `did you mean ${meant}?`;
      throw new AppError(
        "usage",
        `${name === undefined ? "no operation is named" : `there is no operation ${name}`}; ${hint}`,
      );
    }
    const { operations: client } = await effects.openClient();
    const bar = terminal.progress(operation.name, {});
    let done = 0;
    const onProgress = () => bar.update({ done: done++ });
    const { result } = await client
      .run(operation, parseRequest(flags.request), { signal, onProgress })
      .finally(() => bar.finish());
    terminal.result(result, () => JSON.stringify(result, null, 2));
    return operation.exit?.(result) ?? 0;
  },
});

function parseRequest(text: string | undefined): unknown {
  if (text === undefined) return {};
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError("usage", "--request is not JSON; write for example '{\"full\":true}'", { cause });
  }
}
