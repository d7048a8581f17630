import { chmod, chown, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Two people of one group, by numbers that no system gives out by itself; nothing of this system is changed. */
const GROUP = 64_510;
const PEOPLE = { a: { login: "lake-a", uid: 64_511 }, b: { login: "lake-b", uid: 64_512 } };

/** What starts a server that knows both: its files of accounts are others than the system's. */
export async function makeAccounts(
  folder: string,
): Promise<{ logins: { a: string; b: string }; prefix: string }> {
  await mkdir(folder, { recursive: true });
  const people = Object.values(PEOPLE);
  const files = {
    passwd: [
      "root:x:0:0:root:/root:/bin/sh",
      "sshd:x:64500:65534::/run/sshd:/usr/sbin/nologin",
      ...people.map(({ login, uid }) => `${login}:x:${uid}:${GROUP}::/:/bin/sh`),
    ],
    group: ["root:x:0:", `lake:x:${GROUP}:`, "nogroup:x:65534:"],
    // No password, and not locked.
    shadow: ["root:*:1::::::", "sshd:*:1::::::", ...people.map(({ login }) => `${login}:*:1::::::`)],
  };
  for (const [name, lines] of Object.entries(files))
    await writeFile(join(folder, name), `${lines.join("\n")}\n`);
  const binds = Object.keys(files).map((name) => `mount --bind ${join(folder, name)} /etc/${name}`);
  const prefix = `unshare --mount sh -c '${binds.join(" && ")} && exec "$0" "$@"'`;
  return { logins: { a: PEOPLE.a.login, b: PEOPLE.b.login }, prefix };
}

/** A folder of the server that the group shares. */
export async function shareFolder(disk: string): Promise<void> {
  await mkdir(disk, { recursive: true });
  await chown(disk, PEOPLE.a.uid, GROUP);
  await chmod(disk, 0o2775);
}

/** Runs commands as each of them; the server belongs to the first. */
export async function runAsAccounts(work: string): Promise<Record<"a" | "b" | "disk", string>> {
  await mkdir(work, { recursive: true });
  await chmod(work, 0o1777);
  const as = async (side: string, uid: number) => {
    const home = join(work, `home-${side}`);
    await mkdir(home, { recursive: true });
    await chown(home, uid, GROUP);
    return `setpriv --reuid ${uid} --regid ${GROUP} --clear-groups`;
  };
  return {
    a: await as("a", PEOPLE.a.uid),
    b: await as("b", PEOPLE.b.uid),
    disk: await as("disk", PEOPLE.a.uid),
  };
}
