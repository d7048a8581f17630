import { readFileSync } from "node:fs";
import { userInfo } from "node:os";

/** Who runs this program, by the system's account; its number where that has no name. */
export function userName(): string {
  const uid = process.getuid?.();
  const named = readAccounts().find((line) => line.split(":")[2] === String(uid));
  return named?.split(":")[0] ?? userInfo().username;
}

/** os.userInfo() goes by variables of the environment here, which cron and containers lack. */
function readAccounts(): string[] {
  try {
    return readFileSync("/etc/passwd", "utf8").split("\n");
  } catch {
    return [];
  }
}
