/** The machines a binary is built for, and what of each must come from the package registry. */
import { join } from "node:path";
import { type Package, packageFolder } from "./packages.ts";

const DUCKDB_VERSION = "1.5.6-r.1";
const SHARP_VERSION = "0.35.5";
const LIBVIPS_VERSION = "1.3.4";
const BUN_VERSION = "1.4.5";

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
  name: "duckdb" | "sharp";
  entry: string;
  files: { path: string; file: string }[];
}

/** Fetches, where they are not there yet, the runtime and the native libraries of a target. */
export async function targetParts(target: Target): Promise<TargetParts> {
  const platform = target === "linux-x64-baseline" ? "linux-x64" : target;
  const darwin = platform.startsWith("darwin");
  const [runtime, duckdb, sharp, libvips] = await Promise.all([
    packageFolder(runtimePackage(target)),
    packageFolder({ name: `@duckdb/node-bindings-${platform}`, version: DUCKDB_VERSION }),
    packageFolder({ name: `@img/sharp-${platform}`, version: SHARP_VERSION }),
    packageFolder({ name: `@img/sharp-libvips-${platform}`, version: LIBVIPS_VERSION }),
  ]);
  const duckdbLibrary = darwin ? "libduckdb.dylib" : "libduckdb.so";
  const addon = `lib/sharp-${platform}-${SHARP_VERSION}.node`;
  const vipsLibrary = await onlyFile(join(libvips, "lib"), /^libvips-cpp\..*(so|dylib)/);
  return {
    machine: { format: darwin ? "Mach-O" : "ELF", cpu: platform.endsWith("arm64") ? "arm64" : "x64" },
    runtime: join(runtime, "bin", "bun"),
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
    ],
  };
}

function runtimePackage(target: Target): Package {
  const names = {
    "linux-x64-baseline": "@oven/bun-linux-x64-baseline",
    "linux-x64": "@oven/bun-linux-x64",
    "linux-arm64": "@oven/bun-linux-aarch64",
    "darwin-arm64": "@oven/bun-darwin-aarch64",
  } as const satisfies Record<Target, string>;
  return { name: names[target], version: BUN_VERSION };
}

async function onlyFile(folder: string, pattern: RegExp): Promise<string> {
  const found = (await Array.fromAsync(new Bun.Glob("*").scan({ cwd: folder }))).filter((name) =>
    pattern.test(name),
  );
  if (found.length !== 1)
    throw new Error(`${folder} should hold one file like ${pattern}, not ${found.length}`);
  return found[0] as string;
}
