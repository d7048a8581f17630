/** Two accounts of one team on this machine, by number: nothing of the system is changed for them. */
import { chmod, chown, mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtBinary, type Run, runCommand } from "../binary/binary.ts";

export interface Account {
  uid: number;
  /** First group; the team's, or one of its own as Debian makes it. */
  gid: number;
  umask: string;
}

/** Numbers that no system gives out by itself. */
export const TEAM = 64_501;
export const SERVER_UID = 64_502;
export const CURATOR_UID = 64_503;
export const PRIVATE_GROUP = 64_504;

/** Only root may become another account. */
export const canSwitch = process.getuid?.() === 0 && Bun.which("setpriv") !== null;

if (!canSwitch) {
  process.stderr.write(
    "\n*** NOT TESTED: two accounts of one group. Run this as root, where setpriv(1) is, before you rely on it. ***\n\n",
  );
}

/** An open folder for a lake of the team, with a folder for each account's home and cache in it. */
export async function makeTeamFolder(mode: number, accounts: readonly Account[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "datalake-team-"));
  const [first] = accounts;
  await chown(folder, first?.uid ?? 0, TEAM);
  await chmod(folder, mode);
  for (const { uid, gid } of accounts) {
    await mkdir(join(folder, `home-${uid}`));
    await chown(join(folder, `home-${uid}`), uid, gid);
  }
  return folder;
}

/** Runs the executable as an account of the team, with its own umask and home. */
export async function runAs(
  { uid, gid, umask }: Account,
  folder: string,
  args: string[],
): Promise<Run & { document: unknown }> {
  const binary = await builtBinary();
  const groups = gid === TEAM ? ["--clear-groups"] : ["--groups", String(TEAM)];
  const switched = ["setpriv", "--reuid", String(uid), "--regid", String(gid), ...groups];
  const command = [...switched, "sh", "-c", `umask ${umask}; exec "$0" "$@"`, binary, ...args, "--json"];
  const env = { HOME: join(folder, `home-${uid}`), DATALAKE_LAKE: join(folder, "lake") };
  const ran = await runCommand(command, { cwd: "/", env });
  const text = ran.stdout === "" ? "null" : ran.stdout;
  return { ...ran, document: JSON.parse(text) };
}

/** Writes a file that every account can read. */
export async function writeOpen(path: string, data: string | Uint8Array): Promise<string> {
  await writeFile(path, data);
  await chmod(path, 0o644);
  return path;
}
