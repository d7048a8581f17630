/** Puts the bundled page into the executable: files beside the build, and a module that reads them. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { BunPlugin } from "bun";
import { bundleUi } from "../../src/server/ui/bundle.ts";
import { writeWhole } from "./write-whole.ts";

/** `folder` is always the same: its name is in the executable. */
export async function uiPlugin(folder: string): Promise<BunPlugin> {
  const files = await bundleUi();
  await mkdir(folder, { recursive: true });
  const imports: string[] = [];
  const entries: string[] = [];
  for (const [index, { path, type, etag, isImmutable, codings }] of files.entries()) {
    const fields = { path, type, etag, isImmutable };
    const parts: string[] = [];
    for (const [coding, bytes] of Object.entries(codings)) {
      const file = join(folder, `${path.replaceAll("/", "-")}.${coding}`);
      await writeWhole(file, bytes);
      imports.push(`import ${coding}${index} from ${JSON.stringify(file)} with { type: "file" };`);
      parts.push(`${coding}: await bytesOf(${coding}${index})`);
    }
    entries.push(`{ ...${JSON.stringify(fields)}, codings: { ${parts.join(", ")} } }`);
  }
  const contents = [
    ...imports,
    "const bytesOf = async (path) => new Uint8Array(await Bun.file(path).arrayBuffer());",
    `export async function loadUi() { return [${entries.join(", ")}]; }`,
  ].join("\n");
  return {
    name: "page",
    setup(build) {
      build.onLoad({ filter: /server[\\/]ui[\\/]files\.ts$/ }, () => ({ contents, loader: "js" }));
    },
  };
}
