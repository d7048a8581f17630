/** The program with one more format. */
import { EXPORT_FORMATS } from "../../src/export/formats.ts";
import { defineExport } from "../../src/operations/export/operation.ts";
import { runProgram } from "../../src/program.ts";
import { TREE } from "./tree-format.ts";

await runProgram(async () => {
  const { OPERATIONS } = await import("../../src/operations/table.ts");
  const others = OPERATIONS.filter(({ name }) => name !== "export");
  return [...others, defineExport([...EXPORT_FORMATS, TREE])];
});
