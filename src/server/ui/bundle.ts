/** Makes the page for the browser from `web/`, and the manual: at the build, and on first use where the sources run. */
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { renderManual } from "./manual/render.ts";
import { digestOf, packFile } from "./pack.ts";
import type { UiFile } from "./ui-file.ts";

const folder = dirname(fileURLToPath(new URL("../../web/main.tsx", import.meta.url)));
const imageFolder = resolve(folder, "../docs/images");
const PAGE = ["main.tsx", "style/page.css"];
/** What the pages of the manual have of their own. */
const MANUAL = ["manual.ts", "style/manual.css"];
/** A thread of the page, in a file of its own. */
const WORKER = "canvas/levels-worker.ts";

/** The same sources give the same bytes. Throws where they do not compile, or a page of the manual links to nothing. */
export async function bundleUi(): Promise<UiFile[]> {
  const workers = await build([WORKER]);
  const page = await build(PAGE, { LEVELS_WORKER: JSON.stringify(urlOf(workers, ".js")) });
  const manual = await build(MANUAL);
  const icon = await named(resolve(folder, "icon.svg"));
  const images = await Promise.all(
    (await readdir(imageFolder)).sort().map((name) => named(join(imageFolder, name))),
  );
  const index = (await readFile(resolve(folder, "index.html"), "utf8"))
    .replace("main.tsx", urlOf(page, ".js"))
    .replace("style/page.css", urlOf(page, ".css"))
    .replace("icon.svg", urlOf([icon], ".svg"));
  const pages = renderManual({
    icon: urlOf([icon], ".svg"),
    style: urlOf(manual, ".css"),
    script: urlOf(manual, ".js"),
    image: (name) => urlOf(images, `/${name}`),
  });
  return [
    packFile("index.html", "html", index),
    ...[icon, ...page, ...workers, ...manual, ...images].map(({ name, content }) =>
      packFile(`files/${name}`, extname(name).slice(1), content),
    ),
    ...pages.map(({ url, html }) => packFile(url.replace("/ui/", ""), "html", html)),
  ];
}

interface Built {
  /** What it was made of. */
  source: string;
  /** With a digest of its content. */
  name: string;
  content: string | Uint8Array;
}

async function build(entries: readonly string[], define: Record<string, string> = {}): Promise<Built[]> {
  const { outputs } = await Bun.build({
    entrypoints: entries.map((entry) => resolve(folder, entry)),
    root: folder,
    target: "browser",
    format: "esm",
    minify: true,
    define,
    naming: "[name]-[hash].[ext]",
    jsx: { runtime: "automatic", importSource: "preact", development: false },
  });
  return Promise.all(
    outputs.map(async (output) => ({
      source: output.path,
      name: basename(output.path),
      content: await output.text(),
    })),
  );
}

/** A file that is taken as it is. */
async function named(path: string): Promise<Built> {
  const content = await readFile(path);
  const ending = extname(path);
  return { source: path, name: `${basename(path, ending)}-${digestOf(content)}${ending}`, content };
}

/** Where the page finds the file whose source ends so. */
function urlOf(files: readonly Built[], ending: string): string {
  const file = files.find(({ source }) => source.endsWith(ending));
  if (file === undefined) throw new Error(`no file of the page ends in ${ending}`);
  return `/ui/files/${file.name}`;
}
