import { AppError } from "../errors.ts";
import type { ImageFormat } from "./sniff.ts";

/** Error for an unusable image, with the reason. */
export function damaged(format: ImageFormat, what: string, cause?: unknown): AppError {
  return new AppError("invalid_input", `damaged ${format.toUpperCase()}: ${what}`, { cause });
}

/** Error for an image of an unsupported kind, which need not be damaged, with the reason. */
export function notTaken(format: ImageFormat, why: string, cause?: unknown): AppError {
  return new AppError("invalid_input", `${format.toUpperCase()} of an unsupported kind: ${why}`, {
    cause,
  });
}

export function tooManyPixels(pixels: number, limit: number): AppError {
  const millions = (count: number) => Math.round(count / 1e6);
  return new AppError(
    "invalid_input",
    `image of ${millions(pixels)} megapixels is above the limit of ${millions(limit)} (images.max_pixels)`,
  );
}
