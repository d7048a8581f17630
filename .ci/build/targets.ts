/** The machines a binary is built for, and what of each must come from the package registry. */
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { packageFolder } from "./packages.ts";

const SHARP_VERSION = manifest.dependencies.sharp;
const BUN_VERSION = manifest.devDependencies.bun;
const LANCE = "@lancedb/lancedb-linux-x64-gnu";

/** Platforms for which the registry has no build of our DuckDB; the JavaScript of both versions is the same. */
const DUCKDB_INSTEAD: Partial<Record<string, string>> = {
  "linux-arm64": "1.5.5-r.5",
  "darwin-arm64": "1.5.5-r.5",
};

export const TARGETS = ["linux-x64-baseline", "linux-x64", "linux-arm64", "darwin-arm64"] as const;
export type Target = (typeof TARGETS)[number];

/** The executable format of a target, as its first bytes say. */
export interface Machine {
  format: "ELF" | "Mach-O";
  cpu: "x64" | "arm64";
}

export interface TargetParts {
  machine: Machine;
  /** Bun's own executable for the target. */
  runtime: string;
  libraries: LibraryFiles[];
}

/** Files of one native library on this disk; `path` is where each must stand when unpacked. */
export interface LibraryFiles {
  name: "duckdb" | "sharp" | "lance";
  entry: string;
  files: { path: string; file: string }[];
}

/** Fetches what is not there yet: the native libraries of a target and, unless it is given, the runtime. */
export async function targetParts(
  target: Target,
  { runtime, lance }: { runtime?: string | undefined; lance: boolean },
): Promise<TargetParts> {
  const platform = target === "linux-x64-baseline" ? "linux-x64" : target;
  const darwin = platform.startsWith("darwin");
  const duckdbVersion = DUCKDB_INSTEAD[platform] ?? manifest.dependencies["@duckdb/node-api"];
  const libvipsName = `@img/sharp-libvips-${platform}`;
  const libvipsVersion = await versionThatSharpWants(libvipsName);
  const [bun, duckdb, sharp, libvips] = await Promise.all([
    runtime ?? fetchRuntime(target),
    packageFolder({ name: `@duckdb/node-bindings-${platform}`, version: duckdbVersion }),
    packageFolder({ name: `@img/sharp-${platform}`, version: SHARP_VERSION }),
    packageFolder({ name: libvipsName, version: libvipsVersion }),
  ]);
  const duckdbLibrary = darwin ? "libduckdb.dylib" : "libduckdb.so";
  const addon = `lib/sharp-${platform}-${SHARP_VERSION}.node`;
  const vipsLibrary = await onlyFile(join(libvips, "lib"), /^libvips-cpp\..*(so|dylib)/);
  return {
    machine: { format: darwin ? "Mach-O" : "ELF", cpu: platform.endsWith("arm64") ? "arm64" : "x64" },
    runtime: bun,
    libraries: [
      {
        name: "duckdb",
        entry: "duckdb.node",
        files: [
          { path: "duckdb.node", file: join(duckdb, "duckdb.node") },
          { path: duckdbLibrary, file: join(duckdb, duckdbLibrary) },
        ],
      },
      {
        // The addon's RPATH is $ORIGIN/../../sharp-libvips-<platform>/lib: the folders keep their shape.
        name: "sharp",
        entry: `sharp-${platform}/${addon}`,
        files: [
          { path: `sharp-${platform}/${addon}`, file: join(sharp, addon) },
          {
            path: `sharp-libvips-${platform}/lib/${vipsLibrary}`,
            file: join(libvips, "lib", vipsLibrary),
          },
        ],
      },
      ...(lance ? [await lanceLibrary(platform)] : []),
    ],
  };
}

/** Throws for a platform on which it was never tried. */
async function lanceLibrary(platform: string): Promise<LibraryFiles> {
  if (platform !== "linux-x64")
    throw new Error(`--lance is for linux-x64 alone; build ${platform} without it`);
  const folder = await packageFolder({ name: LANCE, version: manifest.optionalDependencies[LANCE] });
  const entry = "lancedb.linux-x64-gnu.node";
  return { name: "lance", entry, files: [{ path: entry, file: join(folder, entry) }] };
}

async function fetchRuntime(target: Target): Promise<string> {
  const names = {
    "linux-x64-baseline": "@oven/bun-linux-x64-baseline",
    "linux-x64": "@oven/bun-linux-x64",
    "linux-arm64": "@oven/bun-linux-aarch64",
    "darwin-arm64": "@oven/bun-darwin-aarch64",
  } as const satisfies Record<Target, string>;
  return join(await packageFolder({ name: names[target], version: BUN_VERSION }), "bin", "bun");
}

async function versionThatSharpWants(name: string): Promise<string> {
  const sharp = await Bun.file(join(import.meta.dir, "../../node_modules/sharp/package.json")).json();
  const version: string | undefined = sharp.optionalDependencies[name];
  if (version === undefined) throw new Error(`sharp does not name ${name}`);
  return version;
}

async function onlyFile(folder: string, pattern: RegExp): Promise<string> {
  const found = (await Array.fromAsync(new Bun.Glob("*").scan({ cwd: folder }))).filter((name) =>
    pattern.test(name),
  );
  if (found.length !== 1)
    throw new Error(`${folder} should hold one file like ${pattern}, not ${found.length}`);
  return found[0] as string;
}
