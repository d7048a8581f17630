import { AppError } from "../errors.ts";

/** `["lang=ko"]` as an object; throws `usage`. */
export function parseMeta(pairs: readonly string[]): Record<string, string> {
  const meta: Record<string, string> = {};
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    const key = pair.slice(0, Math.max(0, at)).trim();
    if (key === "")
      throw new AppError(
        "usage",
        `--meta ${JSON.stringify(pair)} is not KEY=VALUE; write for example --meta lang=ko`,
      );
    if (key in meta) throw new AppError("usage", `--meta ${key} is given twice; give it once`);
    meta[key] = pair.slice(at + 1).trim();
  }
  return meta;
}
