/** A zip of files as they are: the server takes one body an upload. Format: APPNOTE.TXT 6.3, without compression. */

/** What a zip without its 64-bit extensions can hold. */
export const MAX_ZIP_BYTES = 0xffff_ffff;
export const MAX_ZIP_FILES = 0xffff;

export interface ZippedFile {
  /** Relative, with `/`. */
  path: string;
  content: Blob;
}

const UTF8 = 0x0800;
const VERSION = 20;

/** Reads each file once for its checksum; the zip refers to them, and holds nothing of them. */
export async function zipFiles(
  files: readonly ZippedFile[],
  onFile: (done: number) => void = () => {},
  signal?: AbortSignal,
): Promise<Blob> {
  const parts: (Blob | Uint8Array<ArrayBuffer>)[] = [];
  const entries: Uint8Array<ArrayBuffer>[] = [];
  let offset = 0;
  for (const [index, { path, content }] of files.entries()) {
    signal?.throwIfAborted();
    const name = new TextEncoder().encode(path.normalize("NFC"));
    const common = [UTF8, 0, 0, 0x21, await crc32(content), content.size, content.size, name.length];
    const head = record(
      "IHHHHHIIIHH",
      [0x04034b50, VERSION, ...common.slice(0, 4), ...common.slice(4), 0],
      name,
    );
    entries.push(
      record("IHHHHHHIIIHHHHHII", [0x02014b50, VERSION, VERSION, ...common, 0, 0, 0, 0, 0, offset], name),
    );
    parts.push(head, content);
    offset += head.length + content.size;
    onFile(index + 1);
  }
  const size = entries.reduce((sum, { length }) => sum + length, 0);
  if (offset + size > MAX_ZIP_BYTES || files.length > MAX_ZIP_FILES)
    throw new RangeError("too large for a zip");
  const end = record("IHHHHIIH", [0x06054b50, 0, 0, files.length, files.length, size, offset, 0]);
  return new Blob([...parts, ...entries, end], { type: "application/zip" });
}

/** Numbers in little endian, `H` of two bytes and `I` of four, and what follows them. */
function record(format: string, values: readonly number[], rest = new Uint8Array()): Uint8Array<ArrayBuffer> {
  const fixed = [...format].reduce((sum, kind) => sum + (kind === "H" ? 2 : 4), 0);
  const bytes = new Uint8Array(fixed + rest.length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [index, kind] of [...format].entries()) {
    if (kind === "H") view.setUint16(at, values[index] as number, true);
    else view.setUint32(at, values[index] as number, true);
    at += kind === "H" ? 2 : 4;
  }
  bytes.set(rest, at);
  return bytes;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

async function crc32(content: Blob): Promise<number> {
  let crc = 0xffff_ffff;
  const reader = content.stream().getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    for (const byte of part.value) crc = (TABLE[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8);
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}
