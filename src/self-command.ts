import { fileURLToPath } from "node:url";

declare const DATALAKE_VERSION: string | undefined;

/** The program and its leading arguments, without a command: how it starts a process of its own kind. */
export function selfCommand(): string[] {
  // The build stamps the version; without, the sources run.
  if (typeof DATALAKE_VERSION === "string") return [process.execPath];
  return [process.execPath, fileURLToPath(new URL("./main.ts", import.meta.url))];
}
