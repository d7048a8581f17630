import { AppError } from "../errors.ts";

export const INPUT_HELP =
  "a Parquet, Arrow, Feather, JSON, JSON Lines or CSV file, an image, a PDF, a zip, a folder or glob of them, or a save_to_disk folder";

/** For what is there but cannot be read. */
export function refused(path: string, message: string): AppError {
  return new AppError("unsupported_format", message, { details: { path } });
}
