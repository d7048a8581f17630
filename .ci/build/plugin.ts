/** Puts the native libraries of a target into the bundle, and `loadEmbedded` in the place of their loaders. */
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { BunPlugin } from "bun";
import type { LibraryFiles } from "./targets.ts";

const arrow = resolve(import.meta.dir, "../../node_modules/apache-arrow/Arrow.mjs");
const native = resolve(import.meta.dir, "../../src/native.ts");

export function nativePlugin(libraries: LibraryFiles[]): BunPlugin {
  const library = (name: LibraryFiles["name"]) => libraries.find((one) => one.name === name) as LibraryFiles;
  return {
    name: "native libraries",
    setup(build) {
      // node-api is CommonJS: it takes members off the binding itself, so the module's exports must be the binding.
      build.onLoad({ filter: /node-bindings[\\/]duckdb\.js$/ }, () => ({
        contents: `module.exports = require("embedded:duckdb").default;`,
        loader: "js",
      }));
      build.onResolve({ filter: /^embedded:/ }, ({ path }) => ({
        path: path.slice("embedded:".length),
        namespace: "embedded",
      }));
      build.onResolve({ filter: /^@lancedb\// }, () => ({ path: "lance", namespace: "embedded" }));
      build.onLoad({ filter: /.*/, namespace: "embedded" }, async ({ path }) => ({
        contents: await loaderModule(library(path as LibraryFiles["name"])),
        loader: "js",
      }));
      build.onLoad({ filter: /sharp[\\/]dist[\\/]sharp\.(mjs|cjs)$/ }, async () => ({
        contents: await loaderModule(library("sharp")),
        loader: "js",
      }));
    },
  };
}

/** Packages, without what they do when they are imported that nothing here needs: every command waits for it. */
export function quickPlugin(): BunPlugin {
  return {
    name: "quick start",
    setup(build) {
      // The clock of the machine is asked for its offset when one is shown: it takes 7 ms to start it.
      build.onLoad(
        { filter: /node-api[\\/]lib[\\/]values[\\/]DuckDBTimestampTZValue\.js$/ },
        async ({ path }) => ({
          contents: (await readFile(path, "utf8")).replace(
            "static timezoneOffsetInMinutes = -new Date().getTimezoneOffset();",
            "static get timezoneOffsetInMinutes() { return -new Date().getTimezoneOffset(); }",
          ),
          loader: "js",
        }),
      );
      // Its entry brings adapters for streams, and with them all that reads, builds and writes: two thirds of it.
      build.onResolve({ filter: /^apache-arrow$/ }, () => ({ path: arrow }));
    },
  };
}

/** Puts nothing in the place of a package's modules, which must not be called then. */
export function leaveOut(modules: RegExp): BunPlugin {
  return {
    name: "left out",
    setup(build) {
      build.onResolve({ filter: modules }, ({ path }) => ({ path, namespace: "left-out" }));
      build.onLoad({ filter: /.*/, namespace: "left-out" }, () => ({
        contents: "export default undefined;",
        loader: "js",
      }));
    },
  };
}

/** A module whose default export is the loaded library. Importing a file gives its path inside the executable. */
async function loaderModule(library: LibraryFiles): Promise<string> {
  const imports = library.files.map(
    ({ file }, index) => `import file${index} from ${JSON.stringify(file)} with { type: "file" };`,
  );
  const files = await Promise.all(
    library.files.map(async ({ path, file }, index) => {
      const { size } = await stat(file);
      return `{ path: ${JSON.stringify(path)}, source: file${index}, sizeBytes: ${size} }`;
    }),
  );
  const description = `{ name: "${library.name}", digest: "${await digestOf(library)}", entry: ${JSON.stringify(library.entry)}, files: [${files.join(", ")}] }`;
  return [
    `import { loadEmbedded } from ${JSON.stringify(native)};`,
    ...imports,
    `export default loadEmbedded(${description});`,
  ].join("\n");
}

async function digestOf(library: LibraryFiles): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  for (const { path, file } of library.files) hasher.update(`${path}\n`).update(await readFile(file));
  return hasher.digest("hex").slice(0, 16);
}
