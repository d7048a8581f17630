/** A Linux kernel that belongs to nobody: unpacked from Debian's package into a folder, with a first file system of its own. */
import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { runCommand } from "../../binary/binary.ts";

const cache = resolve(import.meta.dir, "../../../.cache/mounts");

/** What the machine loads before its root is there, in this order; what these need is found out. */
const MODULES = [
  // First what others only ask for by name, and would look for in vain.
  ..."crc32c_generic ecb ctr cmac ccm ghash_generic gcm sha512_generic nls_utf8".split(" "),
  ..."virtio_pci virtio_blk 9pnet_virtio 9p xfs nfsd nfsv3 nfsv4 cifs".split(" "),
];

export interface Kernel {
  image: string;
  initrd: string;
}

/** Gives the kernel and its initrd, made once. Needs apt, and no root. */
export async function prepareKernel(): Promise<Kernel> {
  const unpacked = join(cache, "kernel");
  if (!existsSync(unpacked)) await unpackKernel(unpacked);
  const [version = ""] = await readdir(join(unpacked, "lib/modules"));
  const initrd = join(cache, "initrd.gz");
  await packInitrd(join(unpacked, "lib/modules", version), initrd);
  return { image: join(unpacked, "boot", `vmlinuz-${version}`), initrd };
}

async function unpackKernel(target: string): Promise<void> {
  const fresh = `${target}.new`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  const depends = await call(["apt-cache", "depends", "linux-image-amd64"], fresh);
  const name = /Depends: (linux-image-\S+)/.exec(depends)?.[1];
  if (name === undefined) throw new Error("apt knows no linux-image-amd64; run apt-get update");
  await call(["apt-get", "download", name], fresh);
  const [archive = ""] = (await readdir(fresh)).filter((file) => file.endsWith(".deb"));
  await call(["dpkg-deb", "-x", archive, "."], fresh);
  await rm(join(fresh, archive));
  const [version = ""] = await readdir(join(fresh, "lib/modules"));
  await call(["busybox", "depmod", "-b", fresh, version], fresh);
  await rename(fresh, target);
}

async function packInitrd(modules: string, target: string): Promise<void> {
  const root = join(cache, "initrd");
  await rm(root, { recursive: true, force: true });
  for (const folder of ["bin", "modules", "dev", "proc", "sys", "root"])
    await mkdir(join(root, folder), { recursive: true });
  const busybox = await call(["sh", "-c", "command -v busybox"], root);
  await copyFile(busybox.trim(), join(root, "bin/busybox"));
  await copyFile(join(import.meta.dir, "initrd.sh"), join(root, "init"));
  await chmod(join(root, "init"), 0o755);
  const order = loadOrder(await readFile(join(modules, "modules.dep"), "utf8"));
  for (const path of order) await copyFile(join(modules, path), join(root, "modules", basename(path)));
  await writeFile(join(root, "modules/order"), `${order.map((path) => basename(path)).join("\n")}\n`);
  await call(["sh", "-c", `find . | busybox cpio -o -H newc | gzip -1 > ${target}`], root);
}

/** The modules and what they need, in the order in which they can be loaded. */
function loadOrder(list: string): string[] {
  const needs = new Map<string, string[]>();
  for (const line of list.split("\n")) {
    const [path, rest] = line.split(":");
    if (path !== undefined && rest !== undefined) needs.set(path, rest.trim().split(/\s+/).filter(Boolean));
  }
  const order: string[] = [];
  const add = (path: string) => {
    for (const need of needs.get(path) ?? []) if (need !== path) add(need);
    if (!order.includes(path)) order.push(path);
  };
  for (const name of MODULES) {
    const path = [...needs.keys()].find((one) => basename(one, ".ko").replaceAll("-", "_") === name);
    if (path === undefined) throw new Error(`the kernel has no module ${name}`);
    add(path);
  }
  return order;
}

async function call(command: string[], cwd: string): Promise<string> {
  const { code, stdout, stderr } = await runCommand(command, { cwd });
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}: ${stderr}`);
  return stdout;
}
