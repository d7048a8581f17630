/**
 * Binds the symbols of DuckDB's library to itself, as the linker's -Bsymbolic would have. As it comes, the system's loader
 * looks up 66,000 of its own symbols by name in each process that loads it, in every library before: a tenth of what
 * `datalake search` costs.
 */
import { mkdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type Elf, type ElfSymbol, openElf, RELOCATION, RELOCATION_BYTES, TAG } from "./elf.ts";
import type { TargetParts } from "./targets.ts";
import { writeWhole } from "./write-whole.ts";

const { address, globalData, jumpSlot, relative } = RELOCATION;

interface Relocation {
  place: bigint;
  kind: number;
  symbol: number;
  addend: bigint;
}

/**
 * The parts of a target with DuckDB's library bound; those of other machines as they are. `folder` is always the same: its
 * name is in the executable.
 */
export async function bindDuckdb(parts: TargetParts, folder: string): Promise<TargetParts> {
  if (parts.machine.format !== "ELF" || parts.machine.cpu !== "x64") return parts;
  await mkdir(folder, { recursive: true });
  const bind = async (file: string) => {
    const bound = join(folder, basename(file));
    await writeWhole(bound, bindOwnSymbols(await readFile(file), "duckdb"));
    return bound;
  };
  const libraries = parts.libraries.map(async (library) => {
    if (library.name !== "duckdb") return library;
    const files = library.files.map(async ({ path, file }) =>
      path === library.entry ? { path, file } : { path, file: await bind(file) },
    );
    return { ...library, files: await Promise.all(files) };
  });
  return { ...parts, libraries: await Promise.all(libraries) };
}

/** The library with its own symbols bound, without what is for debuggers alone. `namespace` is its own in C++. */
export function bindOwnSymbols(library: Uint8Array, namespace: string): Uint8Array {
  const bytes = new Uint8Array(library);
  const elf = openElf(bytes);
  const before = readRelocations(elf);
  const isOwn = createOwn(elf, namespace);
  const after = before.map((one): Relocation => {
    const found = one.kind === relative || !KINDS.includes(one.kind) ? undefined : isOwn(one.symbol);
    if (found !== undefined) {
      const addend = found.value + (one.kind === address ? one.addend : 0n);
      return { place: one.place, kind: relative, symbol: 0, addend };
    }
    // Bound when it is loaded: the stubs that do it at the first call know the places of the slots in the table.
    return one.kind === jumpSlot ? { ...one, kind: globalData, addend: 0n } : one;
  });
  after.sort(compareRelocations);
  writeRelocations(elf, after);
  return withoutSections(elf, bytes);
}

/**
 * Those without a symbol come first, as their count asks for, by their places; then each symbol's together: the loader
 * remembers the one that it looked up last.
 */
function compareRelocations(a: Relocation, b: Relocation): number {
  if (a.kind === relative || b.kind === relative) {
    if (a.kind !== b.kind) return a.kind === relative ? -1 : 1;
  } else if (a.symbol !== b.symbol) return a.symbol - b.symbol;
  return a.place < b.place ? -1 : 1;
}

const KINDS: readonly number[] = [address, globalData, jumpSlot];
/** STB_ and STT_ of elf(5): no symbol that is one in the process, and none that is found by a function or by thread. */
const BINDING = { global: 1, weak: 2 };
const PLAIN_TYPES = [0, 1, 2];

/**
 * Gives a symbol that is the library's own. A weak one of the C++ library's templates is not: every library has it, and the
 * first one's is everybody's.
 */
function createOwn(elf: Elf, namespace: string): (index: number) => ElfSymbol | undefined {
  const known = new Map<number, ElfSymbol | undefined>();
  const mangled = `${namespace.length}${namespace}`;
  return (index) => {
    if (known.has(index)) return known.get(index);
    const symbol = elf.symbol(index);
    const { binding, name, type, isDefined } = symbol;
    const isNamed = binding === BINDING.global || (binding === BINDING.weak && name.includes(mangled));
    const own = isDefined && isNamed && PLAIN_TYPES.includes(type) ? symbol : undefined;
    known.set(index, own);
    return own;
  };
}

/** Those of data, and those of calls, which lie behind them. */
function readRelocations(elf: Elf): Relocation[] {
  const start = elf.tag(TAG.relocations);
  const size = elf.tag(TAG.relocationsSize);
  if (start + size !== elf.tag(TAG.plt)) throw new Error("its relocations are not one table");
  const count = Number(size + elf.tag(TAG.pltSize)) / RELOCATION_BYTES;
  const table = elf.offsetOf(start);
  return Array.from({ length: count }, (_, index) => {
    const at = table + index * RELOCATION_BYTES;
    return {
      place: elf.view.getBigUint64(at, true),
      kind: elf.view.getUint32(at + 8, true),
      symbol: elf.view.getUint32(at + 12, true),
      addend: elf.view.getBigInt64(at + 16, true),
    };
  });
}

function writeRelocations(elf: Elf, relocations: readonly Relocation[]): void {
  const start = elf.tag(TAG.relocations);
  const table = elf.offsetOf(start);
  for (const [index, { place, kind, symbol, addend }] of relocations.entries()) {
    const at = table + index * RELOCATION_BYTES;
    elf.view.setBigUint64(at, place, true);
    elf.view.setUint32(at + 8, kind, true);
    elf.view.setUint32(at + 12, symbol, true);
    elf.view.setBigInt64(at + 16, addend, true);
  }
  const size = BigInt(relocations.length * RELOCATION_BYTES);
  elf.setTag(TAG.relocationsSize, size);
  elf.setTag(TAG.relativeCount, BigInt(relocations.filter(({ kind }) => kind === relative).length));
  elf.setTag(TAG.plt, start + size);
  elf.setTag(TAG.pltSize, 0n);
}

/** Without the table of sections, of which the loader knows nothing, and those that are not loaded. */
function withoutSections(elf: Elf, bytes: Uint8Array): Uint8Array {
  elf.view.setBigUint64(40, 0n, true);
  elf.view.setUint16(60, 0, true);
  elf.view.setUint16(62, 0, true);
  return bytes.subarray(0, elf.loadedEnd);
}
