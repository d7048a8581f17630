import { AppError } from "../../errors.ts";
import { excerpt } from "../../schema/excerpt.ts";
import { nestsDeeper } from "../../util/json-depth.ts";
import { tooLarge } from "../auth/admit.ts";

/**
 * A request with its body in memory: at most `maxBytes`, there within `timeoutMs`. A client that sends it byte by byte
 * would otherwise hold its place for as long as it likes. Throws `too_large`, `timeout`, `usage` for what is not JSON by
 * its type, and for JSON that is nested deeper than any of ours.
 */
export async function withSmallBody(
  request: Request,
  { maxBytes, timeoutMs }: { maxBytes: number; timeoutMs: number },
): Promise<Request> {
  const reader = request.body?.getReader();
  if (reader === undefined) return request;
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(tooSlow(timeoutMs)), timeoutMs);
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), late.promise]);
      if (done) break;
      sizeBytes += value.byteLength;
      if (sizeBytes > maxBytes) throw tooLarge(maxBytes);
      chunks.push(value);
    }
  } catch (error) {
    void reader.cancel().catch(() => {});
    throw error;
  } finally {
    clearTimeout(timer);
  }
  const { method, signal, url } = request;
  const headers = new Headers(request.headers);
  const body = Buffer.concat(chunks);
  if (body.length > 0) {
    requireJson(headers);
    checkShape(body);
  }
  return new Request(url, { method, headers, signal, body });
}

/** Forms would be parsed too, by rules of their own. */
function requireJson(headers: Headers): void {
  const type = headers.get("content-type");
  if (/^application\/json\s*(;|$)/i.test(type ?? "")) {
    headers.set("content-type", "application/json");
    return;
  }
  const given = type === null ? "has no Content-Type" : `is ${excerpt(type)}`;
  throw new AppError("usage", `the body ${given}; send JSON, and Content-Type: application/json`);
}

function tooSlow(timeoutMs: number): AppError {
  return new AppError("timeout", `the body did not arrive within ${timeoutMs / 1000} s; send it again`);
}

const MAX_DEPTH = 32;
const SPACE = 0x20;
const OPEN_LIST = 0x5b;

/** What every JSON body here is an object of; to the checks of fields a list without elements would be one without fields. */
function checkShape(body: Uint8Array): void {
  // Parsers and checks of JSON call themselves for each level: some 100,000 would keep the server busy for seconds.
  if (nestsDeeper(body, MAX_DEPTH)) {
    throw new AppError("usage", `the body is JSON nested deeper than ${MAX_DEPTH} levels`);
  }
  const first = body.find((byte) => byte > SPACE);
  if (first === OPEN_LIST) throw new AppError("usage", "the body is a JSON list; a JSON object is expected");
}
