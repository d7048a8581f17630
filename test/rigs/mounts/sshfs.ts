import { chmod, copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { localShell, quoted } from "./shell.ts";

export interface SshfsOptions {
  port?: number;
  /** Who logs in for each mount; this user without. */
  logins?: { a: string; b: string };
  /** What the server is started by: a command that makes those logins known. */
  prefix?: string;
  /** More options of sshfs. */
  options?: string;
}

/** Starts an SSH server, and mounts one of its folders twice with sshfs' own defaults. */
export async function mountSshfs(
  folder: string,
  { port = 22_022, logins, prefix = "", options: more = "" }: SshfsOptions = {},
): Promise<{ a: string; b: string; disk: string; stop(): Promise<void> }> {
  const [a, b, disk, keys] = ["a", "b", "disk", "keys"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
    string,
  ];
  for (const path of [a, b, disk, keys]) await mkdir(path, { recursive: true });
  await must(`ssh-keygen -qt ed25519 -N '' -f ${keys}/host && ssh-keygen -qt ed25519 -N '' -f ${keys}/own`);
  await copyFile(join(keys, "own.pub"), join(keys, "allowed"));
  // Read as whoever logs in.
  await chmod(join(keys, "allowed"), 0o644);
  const settings = [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${keys}/host`,
    `AuthorizedKeysFile ${keys}/allowed`,
    "StrictModes no",
    "PermitRootLogin yes",
    "UsePAM no",
    `PidFile ${keys}/pid`,
    "Subsystem sftp /usr/lib/openssh/sftp-server",
  ];
  await writeFile(join(keys, "settings"), `${settings.join("\n")}\n`);
  await must(`mkdir -p /run/sshd; ${prefix} "$(command -v sshd || echo /usr/sbin/sshd)" -f ${keys}/settings`);
  const options = `${more}port=${port},IdentityFile=${keys}/own,StrictHostKeyChecking=no,UserKnownHostsFile=/dev/null,LogLevel=ERROR`;
  const stop = async () => {
    await localShell.run(`fusermount -uz ${a}; fusermount -uz ${b}; kill "$(cat ${keys}/pid)"`);
  };
  try {
    for (const [side, login] of [
      [a, logins?.a],
      [b, logins?.b],
    ] as const)
      await must(
        `for try in 1 2 3 4 5; do sshfs -o ${options} "${login ?? "$(id -un)"}@127.0.0.1:${disk}" ${quoted(side)} && exit; sleep 0.5; done; exit 1`,
      );
  } catch (error) {
    await stop();
    throw error;
  }
  return { a, b, disk, stop };
}

async function must(script: string): Promise<void> {
  const { code, stderr } = await localShell.run(script);
  if (code !== 0) throw new Error(`${script} ended with ${code}: ${stderr}`);
}
