import { expect, test } from "bun:test";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";

/** What starts or calls a program of other people, which only `npm run test:interop` installs. */
const FOREIGN = ["engines/trino.ts", "engines/moto.ts", "interop/python.ts"];

const imports = await readImports();

test("a test that needs what others made is named *.interop.test.ts, or *.full.test.ts", () => {
  const misnamed = [...imports.keys()].filter(
    (path) => path.endsWith(".test.ts") && !/\.(interop|full)\.test\.ts$/.test(path) && needsForeign(path),
  );
  expect(misnamed).toEqual([]);
});

test("what is foreign is there", () => {
  expect(FOREIGN.filter((path) => !imports.has(path))).toEqual([]);
});

function needsForeign(path: string, seen = new Set<string>()): boolean {
  if (FOREIGN.includes(path)) return true;
  if (seen.has(path)) return false;
  seen.add(path);
  return (imports.get(path) ?? []).some((imported) => needsForeign(imported, seen));
}

/** What each file of this folder imports, for its values: a type needs no program. */
async function readImports(): Promise<Map<string, string[]>> {
  const names = (await readdir(import.meta.dir, { recursive: true })).filter((name) => name.endsWith(".ts"));
  const found = new Map<string, string[]>();
  for (const name of names) {
    const code = await readFile(join(import.meta.dir, name), "utf8");
    const specifiers = code.matchAll(
      /^import\s(?!type\b)[^;"]*?\bfrom\s*"(\.[^"]+)"|\bimport\(\s*"(\.[^"]+)"/gm,
    );
    found.set(
      name,
      [...specifiers].map(([, local, dynamic]) =>
        relative(import.meta.dir, resolve(import.meta.dir, dirname(name), (local ?? dynamic) as string)),
      ),
    );
  }
  return found;
}
