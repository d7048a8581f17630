import { open, rename, rm } from "node:fs/promises";
import * as v from "valibot";
import { AppError, ERROR_CODES, type ErrorCode } from "../errors.ts";
import { tempBeside } from "../lake/files.ts";
import { type AssetCheckRequest, type Validation, ValidationSchema } from "../schema/asset-check.ts";
import { serverError, unreachable } from "./server.ts";

/** Checks of assets by a server. Every call throws the server's own error, or `server_unreachable`. */
export interface ValidationClient {
  /** Has assets checked; ends when the check is accepted. */
  start(request: AssetCheckRequest): Promise<{ validation_id: string }>;
  get(id: string): Promise<Omit<Validation, "error"> & { error?: AppError }>;
  cancel(id: string): Promise<void>;
  /** Writes the report of a completed check: CSV for a name that ends so, else JSON. */
  saveReport(id: string, path: string): Promise<void>;
}

const TIMEOUT_MS = 30_000;

export function connectValidation(url: string, token?: string | undefined): ValidationClient {
  const base = url.replace(/\/+$/, "");
  const send = async (method: string, path: string, body?: unknown, timeoutMs = TIMEOUT_MS) => {
    const response = await fetch(`${base}${path}`, {
      method,
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(timeoutMs > 0 ? { signal: AbortSignal.timeout(timeoutMs) } : {}),
    }).catch((cause: unknown) => {
      throw unreachable(base, cause);
    });
    if (!response.ok) throw await serverError(base, response);
    return response;
  };
  const parse = async <S extends v.GenericSchema>(response: Response, schema: S) => {
    const parsed = v.safeParse(schema, await response.json().catch(() => undefined));
    if (parsed.success) return parsed.output;
    throw new AppError("server_unreachable", `${base} does not answer as a datalake server; check --server`);
  };
  return {
    start: async (request) =>
      parse(await send("POST", "/validate-assets", request), v.object({ validation_id: v.string() })),
    get: async (id) => {
      const { error, ...rest } = await parse(await send("GET", `/validations/${id}`), ValidationSchema);
      if (error === undefined) return rest;
      const code = error.code in ERROR_CODES ? (error.code as ErrorCode) : "internal";
      return { ...rest, error: new AppError(code, error.message) };
    },
    cancel: async (id) => {
      await send("DELETE", `/validations/${id}`);
    },
    saveReport: async (id, path) => {
      const format = path.toLowerCase().endsWith(".csv") ? "csv" : "json";
      const { body } = await send("GET", `/validations/${id}/report?format=${format}`, undefined, 0);
      const temp = tempBeside(path);
      const handle = await open(temp, "wx");
      try {
        for await (const chunk of body ?? []) await handle.writeFile(chunk);
        await handle.close();
        await rename(temp, path);
      } catch (error) {
        await handle.close().catch(() => {}); // closed already
        await rm(temp, { force: true });
        throw error;
      }
    },
  };
}
