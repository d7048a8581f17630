/** A small lake made through the binary alone, for tests that need something to look at. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { type Run, runBinary } from "./binary.ts";

/** Page images of different colours in `folder`: page-1.png, page-2.png... */
export async function writePages(folder: string, count: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (let page = 1; page <= count; page++) {
    const background = { r: 20 * page, g: 255 - 20 * page, b: 128 };
    const image = sharp({ create: { width: 64, height: 48, channels: 3, background } });
    await image.png().toFile(join(folder, `page-${page}.png`));
  }
}

/** Makes `<folder>/lake` with one raw partition of `count` images, and gives its path. Throws where a command fails. */
export async function makeLake(folder: string, count: number, env: Record<string, string>): Promise<string> {
  const lake = join(folder, "lake");
  await writePages(join(folder, "pages"), count);
  const steps = [
    ["init", lake],
    ["config", "provider", "create", "aihub", "--description", "test data"],
    ["upload", "pages", "--type", "raw", "--provider", "aihub", "--dataset", "pages"],
    ["process", "start", "--wait"],
    ["catalog", "rebuild"],
  ];
  for (const step of steps) {
    const run = await runBinary(step, { cwd: folder, env: { ...env, DATALAKE_LAKE: lake } });
    if (run.code !== 0) throw new Error(`${step.join(" ")} ended with ${run.code}: ${describe(run)}`);
  }
  return lake;
}

function describe({ stdout, stderr }: Run): string {
  return `${stdout}\n${stderr}`;
}
