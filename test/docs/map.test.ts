import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { COMMANDS } from "../../src/cli/commands/table.ts";
import { OPERATIONS } from "../../src/operations/table.ts";

const root = resolve(import.meta.dir, "../..");
const src = join(root, "src");
const map = await readFile(join(src, "README.md"), "utf8");
/** What looks like a path between backquotes: of a source file, or of a folder. */
const paths = new Set(
  [...map.matchAll(/`((?:\.ci\/|test\/)?[\w.-]+(?:\/[\w.-]+)*(?:\.(?:ts|md|yaml)|\/))`/g)].map(
    ([, path]) => path as string,
  ),
);
/** Of the lake and of an upload, not of the code. */
const OF_LAKE = /^(?:staging|pending|processing|failed|catalog\.duckdb)\//;

describe("the map of the code", () => {
  test("names only files and folders that exist", () => {
    expect(paths.size).toBeGreaterThan(100);
    const missing = [...paths].filter(
      (path) =>
        !path.startsWith(".interop") &&
        !OF_LAKE.test(path) &&
        !existsSync(join(src, path)) &&
        !existsSync(join(root, path)),
    );
    expect(missing).toEqual([]);
  });

  test("describes every folder of src", async () => {
    const entries = await readdir(src, { recursive: true, withFileTypes: true });
    const folders = entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => `${join(entry.parentPath, entry.name).slice(src.length + 1)}/`);
    const table = map.slice(map.indexOf("## Folders"), map.indexOf("## The life of a row"));
    expect(folders.filter((folder) => !table.includes(`\`${folder}\``))).toEqual([]);
  });

  test("has the layers that are enforced, in their order", async () => {
    const enforced = await readFile(join(root, "test/architecture.test.ts"), "utf8");
    const list = /const LAYERS = \[(.*?)^\];/ms.exec(enforced)?.[1] ?? "";
    const layers = [...list.matchAll(/^ {2}\[([^\]]*)\]/gm)].map(([, units]) =>
      [...(units as string).matchAll(/"([^"]+)"/g)].map(([, unit]) => unit as string).sort(),
    );
    const table = map.slice(map.indexOf("## Layers"), map.indexOf("## Folders"));
    const described = [...table.matchAll(/^\| (`.*?) \|/gm)].map(([, cell]) =>
      [...(cell as string).matchAll(/`([^`/]+)\/?`/g)].map(([, unit]) => unit as string).sort(),
    );
    expect(described.reverse()).toEqual(layers);
  });
});

describe("the manual", () => {
  test("names every command", async () => {
    const names = ["README.md", ...(await readdir(join(src, "docs"))).map((name) => `src/docs/${name}`)];
    const pages = await Promise.all(
      names.filter((name) => name.endsWith(".md")).map((name) => readFile(join(root, name), "utf8")),
    );
    const text = pages.join("\n");
    expect(Object.keys(COMMANDS).filter((name) => !text.includes(`datalake ${name}`))).toEqual([]);
  });

  test("calls only methods that its TypeScript classes have", async () => {
    const { DatalakeClient, DuckDBClient } = await import("../../src/client/index.ts");
    const classes: Record<string, { prototype: object }> = { DatalakeClient, DuckDBClient };
    const page = await readFile(join(src, "docs/engineer.md"), "utf8");
    const blocks = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code as string);
    expect(blocks.length).toBeGreaterThan(1);
    for (const code of blocks) {
      const made = classes[/\bnew (\w+)\(/.exec(code)?.[1] ?? ""]?.prototype ?? {};
      const called = [...code.matchAll(/\blake\.(\w+)\(/g)].map(([, method]) => method as string);
      expect(called.filter((method) => !(method in made))).toEqual([]);
    }
  });

  test("names every long operation that a client may run", async () => {
    const http = await readFile(join(src, "docs/http.md"), "utf8");
    const open = OPERATIONS.filter(({ served }) => served.by !== "server").map(({ name }) => name);
    expect(open.filter((name) => !http.includes(`\`${name}\``))).toEqual([]);
  });
});
