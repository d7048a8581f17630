import { AppError } from "../errors.ts";
import { tooLarge } from "./admission.ts";

/**
 * A request with its body in memory: at most `maxBytes`, there within `timeoutMs`. A client that sends it byte by byte
 * would otherwise hold its place for as long as it likes. Throws `too_large`, `timeout`.
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
  const { method, headers, signal, url } = request;
  return new Request(url, { method, headers, signal, body: Buffer.concat(chunks) });
}

function tooSlow(timeoutMs: number): AppError {
  return new AppError("timeout", `the body did not arrive within ${timeoutMs / 1000} s; send it again`);
}
