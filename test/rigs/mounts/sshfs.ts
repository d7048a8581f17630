import { chmod, copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { localShell, quoted } from "./shell.ts";

const PORT = 22_022;

/** Starts an SSH server for this user, and mounts one of its folders twice with sshfs' own defaults. */
export async function mountSshfs(
  folder: string,
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
  await chmod(join(keys, "allowed"), 0o600);
  const settings = [
    `Port ${PORT}`,
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
  await must(`mkdir -p /run/sshd; "$(command -v sshd || echo /usr/sbin/sshd)" -f ${keys}/settings`);
  const options = `port=${PORT},IdentityFile=${keys}/own,StrictHostKeyChecking=no,UserKnownHostsFile=/dev/null,LogLevel=ERROR`;
  for (const side of [a, b])
    await must(
      `for try in 1 2 3 4 5; do sshfs -o ${options} "$(id -un)@127.0.0.1:${disk}" ${quoted(side)} && exit; sleep 0.5; done; exit 1`,
    );
  return {
    a,
    b,
    disk,
    stop: async () => {
      await localShell.run(`fusermount -uz ${a}; fusermount -uz ${b}; kill "$(cat ${keys}/pid)"`);
    },
  };
}

async function must(script: string): Promise<void> {
  const { code, stderr } = await localShell.run(script);
  if (code !== 0) throw new Error(`${script} ended with ${code}: ${stderr}`);
}
