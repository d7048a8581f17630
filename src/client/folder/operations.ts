import { AppError } from "../../errors.ts";
import { checkValue } from "../../schema/check.ts";
import { describeIssue } from "../../schema/describe-issue.ts";
import type { OperationsClient } from "../lake-client.ts";
import type { FolderTools } from "./tools.ts";

/** Runs operations on a lake's folder: in this process, or a child where they need one. A server may be at work too. */
export function folderOperations({
  openLake,
  settings,
  selfCommand,
  logger,
  signal: always,
  audit,
}: FolderTools): OperationsClient {
  return {
    run: async (operation, given, { signal = always, onProgress, local } = {}) => {
      const { name, request: schema, command = `run ${name}`, isolated } = operation;
      const request = checkValue(schema, given);
      if (!request.success) {
        throw new AppError("usage", `the request for ${name}: ${describeIssue(request.issues[0])}`);
      }
      if (operation.needsLocal && local === undefined) {
        throw new AppError("usage", `${name} needs a place for its output; use \`datalake ${command}\``);
      }
      const lake = await openLake();
      const tools = { lake, settings, local, logger, signal };
      const { runKept } = await import("../../operations/kept-run.ts");
      const runIsolated = async () => {
        const { runInChild } = await import("../../operations/run-in-child.ts");
        return runInChild(operation, request.output, { ...tools, selfCommand, onProgress });
      };
      const { result } = isolated
        ? await runIsolated()
        : await runKept(operation, request.output, { ...tools, report: (one) => onProgress?.(one as never) });
      await audit(command, operation.describe?.(result) ?? name);
      return { result };
    },
    last: async (operation) => {
      const { readLastRun } = await import("../../operations/kept-run.ts");
      return readLastRun(await openLake(), operation);
    },
  };
}
