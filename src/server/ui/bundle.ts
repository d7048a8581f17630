/** Makes the page for the browser from `web/`: at the build, and on first use where the sources run. */
import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { UiFile } from "./ui-file.ts";

const WEB = fileURLToPath(new URL("../../web/main.tsx", import.meta.url));
const folder = resolve(WEB, "..");

const TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

/** The same sources give the same bytes. Throws where they do not compile. */
export async function bundleUi(): Promise<UiFile[]> {
  const { outputs } = await Bun.build({
    entrypoints: [WEB, resolve(folder, "style/page.css")],
    root: folder,
    target: "browser",
    format: "esm",
    minify: true,
    naming: "[name]-[hash].[ext]",
    jsx: { runtime: "automatic", importSource: "preact", development: false },
  });
  const built = await Promise.all(
    outputs.map(async (output) => ({ name: basename(output.path), text: await output.text() })),
  );
  const icon = { name: "icon.svg", text: await readFile(resolve(folder, "icon.svg"), "utf8") };
  const named = (ending: string) => `/ui/files/${built.find(({ name }) => name.endsWith(ending))?.name}`;
  const index = (await readFile(resolve(folder, "index.html"), "utf8"))
    .replace("main.tsx", named(".js"))
    .replace("style/page.css", named(".css"))
    .replace("icon.svg", "/ui/files/icon.svg");
  return [{ name: "index.html", text: index }, icon, ...built].map(({ name, text }) =>
    pack(
      name,
      text,
      built.some((one) => one.name === name),
    ),
  );
}

function pack(name: string, text: string, isImmutable: boolean): UiFile {
  const bytes = Buffer.from(text);
  const digest = new Bun.CryptoHasher("sha256").update(bytes).digest("hex").slice(0, 20);
  return {
    name,
    type: TYPES[name.split(".").at(-1) as string] as string,
    etag: `"${digest}"`,
    isImmutable,
    br: plain(brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } })),
    gzip: plain(gzipSync(bytes, { level: 9 })),
  };
}

function plain(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
