/**
 * The few parts of an ELF library of x86-64 that binding its symbols needs. Sources: elf(5), the System V ABI for
 * AMD64 (relocation types, chapter 4.4).
 */

/** Kinds of relocations. */
export const RELOCATION = { address: 1, globalData: 6, jumpSlot: 7, relative: 8 } as const;
/** Tags of the dynamic section. */
export const TAG = {
  pltSize: 2,
  strings: 5,
  symbols: 6,
  relocations: 7,
  relocationsSize: 8,
  plt: 23,
  relativeCount: 0x6ffffff9,
} as const;
const SEGMENT = { load: 1, dynamic: 2 } as const;
/** Bytes of one relocation, of one symbol, of a program header. */
export const RELOCATION_BYTES = 24;
const SYMBOL_BYTES = 24;
const HEADER_BYTES = 56;

/** `value` is where it is in the library; `isDefined` there, not in another. */
export interface ElfSymbol {
  name: string;
  /** elf(5), STB_ and STT_. */
  binding: number;
  type: number;
  isDefined: boolean;
  value: bigint;
}

export interface Elf {
  view: DataView;
  /** Where an address of memory is in the file. */
  offsetOf(address: bigint): number;
  /** The value of a tag of the dynamic section. Throws without it. */
  tag(tag: number): bigint;
  setTag(tag: number, value: bigint): void;
  symbol(index: number): ElfSymbol;
  /** The end of what is loaded; sections for debuggers alone lie behind. */
  loadedEnd: number;
}

/** Opens a library in memory; what is set is set in `bytes`. */
export function openElf(bytes: Uint8Array): Elf {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u64 = (at: number) => view.getBigUint64(at, true);
  const headers = Array.from({ length: view.getUint16(56, true) }, (_, at) => {
    const header = Number(u64(32)) + at * HEADER_BYTES;
    const [offset, address, size] = [8, 16, 32].map((field) => u64(header + field)) as [
      bigint,
      bigint,
      bigint,
    ];
    return { kind: view.getUint32(header, true), offset, address, size };
  });
  const loaded = headers.filter(({ kind }) => kind === SEGMENT.load);
  const offsetOf = (address: bigint) => {
    const found = loaded.find((one) => address >= one.address && address < one.address + one.size);
    if (found === undefined) throw new Error(`nothing is loaded at ${address}`);
    return Number(address - found.address + found.offset);
  };
  const places = new Map<bigint, number>();
  const dynamic = headers.find(({ kind }) => kind === SEGMENT.dynamic);
  if (dynamic === undefined) throw new Error("it has no dynamic section");
  for (let at = Number(dynamic.offset); u64(at) !== 0n; at += 16) places.set(u64(at), at + 8);
  const placeOf = (tag: number) => {
    const place = places.get(BigInt(tag));
    if (place === undefined) throw new Error(`its dynamic section has no tag ${tag}`);
    return place;
  };
  const tag = (wanted: number) => u64(placeOf(wanted));
  const symbols = offsetOf(tag(TAG.symbols));
  const strings = offsetOf(tag(TAG.strings));
  return {
    view,
    offsetOf,
    tag,
    setTag: (wanted, value) => view.setBigUint64(placeOf(wanted), value, true),
    symbol: (index) => {
      const at = symbols + index * SYMBOL_BYTES;
      const start = strings + view.getUint32(at, true);
      const info = view.getUint8(at + 4);
      return {
        name: Buffer.from(bytes.subarray(start, bytes.indexOf(0, start))).toString("latin1"),
        binding: info >> 4,
        type: info & 15,
        isDefined: view.getUint16(at + 6, true) !== 0,
        value: u64(at + 8),
      };
    },
    loadedEnd: Math.max(...loaded.map(({ offset, size }) => Number(offset + size))),
  };
}
