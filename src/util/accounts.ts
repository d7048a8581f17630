import { readFileSync } from "node:fs";

export interface Account {
  name: string;
  uid: number;
  home: string;
}

/** An account of this machine by its number (passwd(5)); undefined for one that is not listed there. */
export function findAccount(uid: number | undefined): Account | undefined {
  for (const line of readAccounts()) {
    const [name = "", , number, , , home = ""] = line.split(":");
    if (uid !== undefined && number === String(uid)) return { name, uid, home };
  }
  return undefined;
}

/** For people: the account's name, or its number. */
export function nameAccount(uid: number): string {
  return findAccount(uid)?.name ?? `account ${uid}`;
}

/** os.userInfo() depends on environment variables here, which cron and containers lack. */
function readAccounts(): string[] {
  try {
    return readFileSync("/etc/passwd", "utf8").split("\n");
  } catch {
    return [];
  }
}
