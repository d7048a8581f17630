const BLOCK = 512;
const NAME_BYTES = 100;

/** The pieces of one file in a tar archive: its header (with a PAX header before, where the name needs one), its bytes, zeros. */
export function tarEntry(name: string, bytes: Uint8Array): Uint8Array[] {
  const plain = /^[\x20-\x7e]*$/.test(name) && name.length <= NAME_BYTES;
  const pax = plain ? [] : paxEntry(name);
  // Readers of PAX take the name from the header before; others still find one of their own length.
  const short = plain ? name : Buffer.from(name).subarray(0, NAME_BYTES).toString("latin1");
  return [...pax, header(short, bytes.length, "0"), bytes, zeros(bytes.length)];
}

/** What an archive ends with. */
export function tarEnd(): Uint8Array {
  return new Uint8Array(2 * BLOCK);
}

/** `<length> path=<name>\n` (POSIX.1-2001, pax): the length counts itself. */
function paxEntry(name: string): Uint8Array[] {
  const record = ` path=${name}\n`;
  const bytes = Buffer.byteLength(record);
  let length = bytes + String(bytes).length;
  length = bytes + String(length).length;
  const content = Buffer.from(`${length}${record}`);
  return [header("PaxHeaders/name", content.length, "x"), content, zeros(content.length)];
}

/** A USTAR header; owner, time and mode are the same for all, so that equal contents give equal archives. */
function header(name: string, sizeBytes: number, type: "0" | "x"): Uint8Array {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0")}\0`;
  block.write(name, 0, NAME_BYTES, "latin1");
  block.write(octal(0o644, 7), 100, "latin1");
  block.write(octal(0, 7), 108, "latin1");
  block.write(octal(0, 7), 116, "latin1");
  block.write(octal(sizeBytes, 11), 124, "latin1");
  block.write(octal(0, 11), 136, "latin1");
  block.write(" ".repeat(8), 148, "latin1");
  block.write(type, 156, "latin1");
  block.write("ustar\x0000", 257, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

/** What fills the last block. */
function zeros(sizeBytes: number): Uint8Array {
  return new Uint8Array((BLOCK - (sizeBytes % BLOCK)) % BLOCK);
}
