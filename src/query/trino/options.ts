import { readFile } from "node:fs/promises";
import type { Settings } from "../../config.ts";
import { AppError } from "../../errors.ts";
import type { TrinoOptions } from "./runner.ts";

/** Trino's options and secrets from the settings. Throws `invalid_config` without trino.url. */
export async function trinoOptions({ trino, engineSecrets }: Settings): Promise<TrinoOptions> {
  const { url, catalog, schema, table, user, password_file, token_file } = trino;
  if (url === undefined) {
    throw new AppError("invalid_config", "no Trino is given; set trino.url to its address", {
      details: { key: "trino.url" },
    });
  }
  const password =
    engineSecrets.DATALAKE_TRINO_PASSWORD ?? (await readSecret("trino.password_file", password_file));
  const token = engineSecrets.DATALAKE_TRINO_TOKEN ?? (await readSecret("trino.token_file", token_file));
  return { url, catalog, schema, table, user, password, token };
}

/** The first line of the file named by a setting. */
async function readSecret(setting: string, path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new AppError("invalid_config", `cannot read ${path}, which ${setting} names`, {
      details: { key: setting },
      cause,
    });
  });
  const [line = ""] = text.split(/\r?\n/);
  if (line.trim() !== "") return line.trim();
  throw new AppError("invalid_config", `${path}, which ${setting} names, has an empty first line`, {
    details: { key: setting },
  });
}
