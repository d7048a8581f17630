/** Packages of other platforms, fetched through npm at an exact version and checked against the lock file. */
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";

export interface Package {
  name: string;
  version: string;
}

const root = resolve(import.meta.dir, "../..");
const cache = join(root, ".cache", "packages");

/** Digests of what bun.lock does not know, for nothing in it depends on these. */
const PINNED: Record<string, string> = {
  "@oven/bun-linux-x64-baseline@1.4.5":
    "sha512-s8yMwYcFnnrA178gji0gZbkE2WVDej/Ti1x770oPfihxyRxSMNhGhiAQNXV53aDeraZxksdvKV/RAdQBCd0qPA==",
  "@duckdb/node-bindings-linux-arm64@1.5.5-r.5":
    "sha512-CafH2AIvXtpwDynG3KB/4uEOHRGlFoB7auCRMIwH3BKNIobsANV5LSpDJ3tfyRCFIsK6e8AT1eseWVnu2Dv3cw==",
  "@duckdb/node-bindings-darwin-arm64@1.5.5-r.5":
    "sha512-WJdeLTFy4pRg60rkbp9smtlP1iIQ8ErtIJkxS+2LQtM1ZZMSByyW+3WPpNoKe7IwPtVl2fLlPw7tDmQW4Z974g==",
};

/** The folder with the package's files: the one in node_modules, or downloaded once into .cache/packages. */
export async function packageFolder(wanted: Package): Promise<string> {
  const id = `${wanted.name}@${wanted.version}`;
  const installed = join(root, "node_modules", wanted.name);
  if (!isRuntime(wanted) && (await versionIn(installed)) === wanted.version) return installed;
  const folder = join(cache, id.replace("/", "+"));
  if ((await versionIn(folder)) === wanted.version) return folder;
  await mkdir(cache, { recursive: true });
  const fresh = await mkdtemp(join(cache, ".new-"));
  try {
    const archive = await download(id, fresh);
    const digest = new Bun.CryptoHasher("sha512").update(await readFile(archive)).digest("base64");
    const expected = await integrityOf(id);
    if (`sha512-${digest}` !== expected) {
      throw new Error(`${id} has the digest sha512-${digest}, but bun.lock says ${expected}`);
    }
    await run(["tar", "-xzf", archive, "-C", fresh]);
    await rm(folder, { recursive: true, force: true });
    await rename(join(fresh, "package"), folder);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return folder;
}

/** Installing Bun moves its executable out of this package. */
function isRuntime(wanted: Package): boolean {
  return wanted.name.startsWith("@oven/");
}

async function versionIn(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, "package.json"), "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as { version: string }).version;
}

async function download(id: string, folder: string): Promise<string> {
  const output = await run(["npm", "pack", id, "--json", "--loglevel=error", "--pack-destination", folder]);
  const answer = JSON.parse(output) as { filename: string }[] | Record<string, { filename: string }>;
  const packed = Object.values(answer)[0];
  if (packed === undefined) throw new Error(`npm pack ${id} gave no file`);
  return join(folder, packed.filename);
}

async function integrityOf(id: string): Promise<string> {
  const pinned = PINNED[id];
  if (pinned !== undefined) return pinned;
  const lock = await readFile(join(root, "bun.lock"), "utf8");
  const line = lock.split("\n").find((text) => text.includes(`["${id}"`));
  const found = /"(sha512-[^"]+)"\],?$/.exec(line?.trim() ?? "")?.[1];
  if (found === undefined) throw new Error(`bun.lock does not know ${id}`);
  return found;
}

async function run(command: string[]): Promise<string> {
  const child = Bun.spawn(command, { cwd: root, stdout: "pipe", stderr: "pipe" });
  const [output, complaint, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}: ${complaint.trim()}`);
  return output;
}
