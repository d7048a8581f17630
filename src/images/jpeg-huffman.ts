/** A table of ITU-T T.81, C.2: per code length (1 to 16) the largest code and the start of its values. */
export interface HuffmanTable {
  /** -1 for lengths without codes. */
  maxCode: Int32Array;
  /** Index of a code's value minus the code. */
  offset: Int32Array;
  values: Uint8Array;
}

/** Adds the tables of one DHT segment; the key is class (0x10: AC) and number. */
export function readHuffmanTables(payload: Uint8Array, tables: Map<number, HuffmanTable>): void {
  for (let at = 0; at + 17 <= payload.length; ) {
    const maxCode = new Int32Array(17).fill(-1);
    const offset = new Int32Array(17);
    let [code, index] = [0, 0];
    for (let length = 1; length <= 16; length++) {
      const count = payload[at + length] ?? 0;
      offset[length] = index - code;
      if (count > 0) maxCode[length] = code + count - 1;
      code = (code + count) << 1;
      index += count;
    }
    tables.set(payload[at] ?? 0, { maxCode, offset, values: payload.subarray(at + 17, at + 17 + index) });
    at += 17 + index;
  }
}

/** Reads the bits of a scan. Returns -1 or false at a marker, at the end, or for an invalid code. */
export interface BitReader {
  code(table: HuffmanTable): number;
  bits(count: number): number;
  skip(count: number): boolean;
  /** Continues after the next restart marker; false if none follows within `maxStray` nonzero bytes. */
  nextRestart(maxStray: number): boolean;
  strayBytes(): number;
  isAtEnd(): boolean;
}

export function createBitReader(bytes: Uint8Array, from: number, to: number): BitReader {
  let at = from;
  let held = 0;
  let heldBits = 0;
  let ended = false;

  const bit = (): number => {
    if (heldBits === 0) {
      if (at >= to) {
        ended = true;
        return -1;
      }
      const byte = bytes[at] ?? 0;
      if (byte === 0xff) {
        let next = at + 1;
        while (bytes[next] === 0xff) next++;
        if (bytes[next] !== 0) {
          ended = true;
          return -1;
        }
        at = next;
      }
      held = byte;
      heldBits = 8;
      at += 1;
    }
    heldBits -= 1;
    return (held >> heldBits) & 1;
  };
  const bits = (count: number): number => {
    let value = 0;
    for (let read = 0; read < count; read++) {
      const next = bit();
      if (next < 0) return -1;
      value = (value << 1) | next;
    }
    return value;
  };
  /** Counts nonzero bytes up to the next marker and stops there. */
  const seekMarker = (): number => {
    let stray = 0;
    heldBits = 0;
    for (; at < to; at++) {
      const byte = bytes[at];
      const next = bytes[at + 1];
      if (byte === 0xff && next !== 0 && next !== 0xff) break;
      if (byte !== 0 && byte !== 0xff) stray += 1;
    }
    return stray;
  };
  return {
    code: (table) => {
      let value = 0;
      for (let length = 1; length <= 16; length++) {
        const next = bit();
        if (next < 0) return -1;
        value = (value << 1) | next;
        if (value <= (table.maxCode[length] ?? -1))
          return table.values[value + (table.offset[length] ?? 0)] ?? -1;
      }
      return -1;
    },
    bits,
    skip: (count) => bits(count) >= 0,
    nextRestart: (maxStray) => {
      if (seekMarker() > maxStray || at + 1 >= to) return false;
      at += 2;
      return true;
    },
    strayBytes: seekMarker,
    isAtEnd: () => ended,
  };
}
