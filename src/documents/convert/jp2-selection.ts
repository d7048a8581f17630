import type { Jp2Header } from "./jp2-header.ts";

/** By the numbers of JPEG 2000 (ISO/IEC 15444-1, I.5.3.3). */
const SPACES = { grey: 17, rgb: 16, ycc: 18 } as const;

/**
 * The same codestream in a file that maps some of its components to channels (I.5.3.4, I.5.3.5): the decoder gives these
 * alone, one or three, as they are.
 */
export function selectComponents(
  bytes: Uint8Array,
  { width, height, components, codestream }: Jp2Header,
  selected: readonly number[],
  space: keyof typeof SPACES,
): Uint8Array {
  const depth = (components[selected[0] ?? 0]?.bits ?? 8) - 1;
  const header = [...uint32(height), ...uint32(width), ...uint16(components.length), depth, 7, 0, 0];
  const colours = [1, 0, 0, ...uint32(SPACES[space])];
  // A palette of one entry, which no channel uses: without one the mapping would not be valid.
  const entry = selected.flatMap(() => (depth < 8 ? [0] : [0, 0]));
  const palette = [...uint16(1), selected.length, ...selected.map(() => depth), ...entry];
  const mapping = selected.flatMap((component) => [...uint16(component), 0, 0]);
  return Buffer.concat([
    box("jP  ", Uint8Array.of(0x0d, 0x0a, 0x87, 0x0a)),
    box("ftyp", Buffer.from("jp2 \0\0\0\0jp2 ", "latin1")),
    box(
      "jp2h",
      box("ihdr", Uint8Array.from(header)),
      box("colr", Uint8Array.from(colours)),
      box("pclr", Uint8Array.from(palette)),
      box("cmap", Uint8Array.from(mapping)),
    ),
    box("jp2c", bytes.subarray(codestream)),
  ]);
}

function box(type: string, ...parts: Uint8Array[]): Uint8Array {
  const length = 8 + parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([Uint8Array.from(uint32(length)), Buffer.from(type, "latin1"), ...parts]);
}

function uint16(value: number): number[] {
  return [value >>> 8, value & 0xff];
}

function uint32(value: number): number[] {
  return [...uint16(value >>> 16), ...uint16(value & 0xffff)];
}
