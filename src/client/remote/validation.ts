import { open, rm } from "node:fs/promises";
import * as v from "valibot";
import type { AppError } from "../../errors.ts";
import { replaceFile, tempBeside } from "../../lake/replace.ts";
import { type AssetCheckRequest, type Validation, ValidationSchema } from "../../schema/asset-check.ts";
import { failureError } from "../../schema/failure.ts";
import { connectHttp } from "./http.ts";

const CANCEL_TIMEOUT_MS = 30_000;

/** Checks of assets by a server. Every call throws the server's own error, or `server_unreachable`. */
export interface ValidationClient {
  /** Has assets checked; ends when the check is accepted. */
  start(request: AssetCheckRequest): Promise<{ validation_id: string }>;
  get(id: string): Promise<Omit<Validation, "error"> & { error?: AppError }>;
  cancel(id: string): Promise<void>;
  /** Writes the report of a completed check: CSV for a name that ends so, else JSON. */
  saveReport(id: string, path: string): Promise<void>;
}

export function connectValidation(url: string, token?: string | undefined): ValidationClient {
  const http = connectHttp(url, token);
  return {
    start: (body) => http.call("POST", "/validate-assets", v.object({ validation_id: v.string() }), { body }),
    get: async (id) => {
      const { error, ...rest } = await http.call("GET", `/validations/${id}`, ValidationSchema);
      return error === undefined ? rest : { ...rest, error: failureError(error) };
    },
    cancel: async (id) => {
      await http.send("DELETE", `/validations/${id}`, { timeoutMs: CANCEL_TIMEOUT_MS });
    },
    saveReport: async (id, path) => {
      const format = path.toLowerCase().endsWith(".csv") ? "csv" : "json";
      const { body } = await http.send("GET", `/validations/${id}/report?format=${format}`);
      const temp = tempBeside(path);
      const handle = await open(temp, "wx");
      try {
        for await (const chunk of body ?? []) await handle.writeFile(chunk);
        await handle.close();
        await replaceFile(temp, path);
      } catch (error) {
        await handle.close().catch(() => {}); // closed already
        await rm(temp, { force: true });
        throw error;
      }
    },
  };
}
