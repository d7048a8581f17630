import type Sharp from "sharp";
import { AppError } from "../errors.ts";

export type SharpModule = typeof Sharp;

let loading: Promise<SharpModule> | undefined;

/**
 * libvips, set up once in this thread: no cache (images are seen once), one thread an image (workers are the
 * parallelism), and only the loaders of the formats that the lake reads, so that no SVG or PDF is ever parsed.
 */
export function loadSharp(): Promise<SharpModule> {
  loading ??= import("sharp").then(({ default: sharp }) => {
    sharp.cache(false);
    sharp.concurrency(1);
    sharp.block({ operation: ["VipsForeignLoad"] });
    sharp.unblock({
      operation: ["Jpeg", "Png", "Webp", "Nsgif", "Tiff", "Heif"].map(
        (name) => `VipsForeignLoad${name}Buffer`,
      ),
    });
    return sharp;
  });
  return loading;
}

/** A libvips error as the reason of a rejection: its first line, without the library's own words. */
export function imageProblem(format: string, error: unknown): AppError {
  const text = error instanceof Error ? error.message : String(error);
  const line = (text.split("\n")[0] ?? "").replace(/^Input buffer (has corrupt header: )?/, "").trim();
  return new AppError("invalid_input", `damaged or truncated ${format.toUpperCase()}: ${line}`, {
    cause: error,
  });
}
