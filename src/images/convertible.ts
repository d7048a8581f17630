import type { Convertible } from "../schema/work.ts";

/** Formats that the image workers cannot decode; a document reader converts them to PNG. */
export const CONVERTIBLE_ENDINGS = ".heic .heif .hif .jp2 .j2k .j2c .jpc .jpf .jpx".split(" ");

/** Format by the first bytes. Check for AVIF first: it begins the same way. */
export function sniffConvertible(head: Uint8Array): Convertible | undefined {
  const text = Buffer.from(head.subarray(0, 64)).toString("latin1");
  if (/^.{4}ftyp(hei[cxms]|hev[cxms]|mif1|msf1)/s.test(text)) return "heic";
  return text.startsWith("\0\0\0\x0cjP  \r\n") || text.startsWith("\xff\x4f\xff\x51") ? "jp2" : undefined;
}
