import { userInfo } from "node:os";
import { findAccount } from "../util/accounts.ts";

/** Who runs this program, by the system's account; its number where that has no name. */
export function userName(): string {
  return findAccount(process.getuid?.())?.name ?? userInfo().username;
}
