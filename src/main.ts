/** Entry point of the program, with all its operations. Everything is behind `runProgram`. */
import { runProgram } from "./program.ts";

await runProgram(async () => (await import("./operations/table.ts")).OPERATIONS);
