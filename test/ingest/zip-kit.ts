import { crc32, deflateRawSync } from "node:zlib";

/** An entry of a zip, with what its headers may say otherwise than is true. */
export interface Packed {
  name: string | Uint8Array;
  data?: Uint8Array | string;
  /** Packed by Deflate, at this level (0 to 9); else stored. */
  deflate?: boolean | number;
  flags?: number;
  method?: number;
  sizeBytes?: number;
  packedBytes?: number;
  crc?: number;
  extra?: Uint8Array;
  /** Bits of Unix: a kind of file and its permissions. */
  mode?: number;
}

/** A zip with these entries, written as the specification says, by no library that would refuse them. */
export function zipOf(entries: readonly Packed[], says: { count?: number } = {}): Buffer {
  return Buffer.concat([...zipChunks(entries, says)]);
}

/** The same piece by piece, for zips of up to 4 GB. */
export function* zipChunks(entries: Iterable<Packed>, says: { count?: number } = {}): Generator<Buffer> {
  const list: Buffer[] = [];
  let begin = 0;
  let count = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name);
    const data = Buffer.from(entry.data ?? "");
    const level = entry.deflate === true ? 9 : entry.deflate;
    const packed = level ? deflateRawSync(data, { level }) : data;
    const extra = Buffer.from(entry.extra ?? []);
    const isAscii = typeof entry.name !== "string" || /^[\x20-\x7e]*$/.test(entry.name);
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(entry.flags ?? (isAscii ? 0 : 0x800), 2);
    shared.writeUInt16LE(entry.method ?? (entry.deflate ? 8 : 0), 4);
    shared.writeUInt16LE(0x5821, 8);
    shared.writeUInt32LE(entry.crc ?? crc32(data), 10);
    shared.writeUInt32LE(entry.packedBytes ?? packed.length, 14);
    shared.writeUInt32LE(entry.sizeBytes ?? data.length, 18);
    shared.writeUInt16LE(name.length, 22);
    shared.writeUInt16LE(extra.length, 24);
    const place = Buffer.alloc(14);
    place.writeUInt32LE((entry.mode ?? 0) * 0x10000, 6);
    place.writeUInt32LE(begin, 10);
    yield* [Buffer.from("PK\x03\x04"), shared, name, extra, packed];
    // made on Unix
    list.push(Buffer.from("PK\x01\x02"), Buffer.from([20, 3]), shared, place, name, extra);
    begin += 4 + shared.length + name.length + extra.length + packed.length;
    count++;
  }
  const listed = Buffer.concat(list);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06");
  end.writeUInt16LE(says.count ?? count, 8);
  end.writeUInt16LE(says.count ?? count, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(begin, 16);
  yield listed;
  yield end;
}
