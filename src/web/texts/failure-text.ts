import type { RequestFailure } from "../api/request.ts";
import { texts } from "./texts.ts";

/** What went wrong, in the server's words; its own where the server says none. */
export function failureText({ code, message }: Pick<RequestFailure, "code" | "message">): string {
  const { failed, unreachable } = texts();
  return code === "unreachable" ? unreachable : message || failed;
}
