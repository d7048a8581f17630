/** The program with one more operation. */
import { runProgram } from "../../src/program.ts";
import { COUNT } from "./toy.ts";

await runProgram(async () => [...(await import("../../src/operations/table.ts")).OPERATIONS, COUNT]);
