import { type AnyOperation, routesOf } from "../../operations/operation.ts";
import { VERIFY } from "../../operations/verify/operation.ts";
import { createOperationRuns, type OperationRuns, type OperationRunsOptions } from "./operation-runs.ts";
import { ownFolder } from "./own-folder.ts";

/** The runs of all operations of a server. */
export interface ServedOperations {
  readonly all: readonly OperationRuns[];
  of<O extends AnyOperation>(operation: O): OperationRuns<O>;
  close(): Promise<void>;
}

export type ServedOperationsOptions = Omit<OperationRunsOptions, "folder"> & {
  operations: readonly AnyOperation[];
};

export function createServedOperations(options: ServedOperationsOptions): ServedOperations {
  const { operations } = options;
  const folderOf = (operation: AnyOperation) => {
    const { item } = routesOf(operation) ?? { item: operation.name };
    // Version 0.1.0 named the folder of its reports so.
    const name = operation.name === VERIFY.name ? "checks" : (item.split("/").at(-1) as string);
    return ownFolder(options, name);
  };
  const all = operations.map((one) => createOperationRuns(one, { ...options, folder: folderOf(one) }));
  return {
    all,
    of: <O extends AnyOperation>({ name }: O) => {
      const found = all.find(({ operation }) => operation.name === name);
      if (found === undefined) throw new Error(`there is no operation ${name}`);
      return found as unknown as OperationRuns<O>;
    },
    close: async () => {
      await Promise.all(all.map((runs) => runs.close()));
    },
  };
}
