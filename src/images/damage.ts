import { AppError } from "../errors.ts";
import type { ImageFormat } from "./sniff.ts";

/** An image that cannot be used, and why. */
export function damaged(format: ImageFormat, what: string, cause?: unknown): AppError {
  return new AppError("invalid_input", `damaged ${format.toUpperCase()}: ${what}`, { cause });
}

/** An image of a kind that is not read, though it may be whole, and why. */
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
