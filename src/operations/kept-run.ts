import { toAppError } from "../errors.ts";
import { isReadOnly } from "../lake/files.ts";
import { readJson, writeJson } from "../lake/json-file.ts";
import type { Lake } from "../lake/lake.ts";
import { type RunRecord, RunRecordSchema } from "../schema/operation.ts";
import type { AnyOperation, OperationOutcome, OperationTools } from "./operation.ts";

/** Runs an operation; of one that keeps its last result, writes that into the lake, for whoever asks later. */
export async function runKept(
  operation: AnyOperation,
  request: unknown,
  tools: OperationTools<unknown, unknown>,
): Promise<OperationOutcome<unknown>> {
  const outcome = await operation.run(request, tools);
  const { name, keepsLast } = operation;
  if (keepsLast === undefined) return outcome;
  const { lake, logger } = tools;
  const finished_at = new Date().toISOString();
  const record: RunRecord = { operation: name, finished_at, request, result: keepsLast(outcome.result) };
  try {
    await writeJson(lake.layout.lastRun(name), record, lake.modes);
  } catch (error) {
    // What was found counts, all the more where the disk is full; whoever may only read the lake is told nothing.
    const isReader = isReadOnly(error) || toAppError(error).code === "permission_denied";
    logger[isReader ? "debug" : "warn"](`the result of ${name} is not kept`, { error });
  }
  return outcome;
}

/** The last completed run of an operation that keeps it; undefined for none. */
export async function readLastRun(lake: Lake, { name }: AnyOperation): Promise<RunRecord | undefined> {
  return readJson(lake.layout.lastRun(name), RunRecordSchema, lake.view);
}
