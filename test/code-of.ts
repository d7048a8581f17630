import { AppError } from "../src/errors.ts";

/** The code of the error that some work ends with; `done` when it does not. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "done";
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
}
