/** Encryption with AES-256 (ISO 32000-2, 7.6.4, revision 6), for documents without strings. */
import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { objectsOf, type PdfPage, writePdf } from "./write-pdf.ts";

const EMPTY = Buffer.alloc(0);
const NO_IV = Buffer.alloc(16);

export interface Encryption {
  user: string;
  owner: string;
  /** Of those that have the user's password: bits of table 22. */
  permissions?: number;
}

const ALL = -4;
export const NO_COPYING = ALL & ~(1 << 4);

export function encryptedPdf(
  pages: readonly PdfPage[],
  { user, owner, permissions = ALL }: Encryption,
): Buffer {
  const key = randomBytes(32);
  const objects = objectsOf(pages).map((object) =>
    typeof object === "string" ? object : { ...object, data: encryptData(key, object.data) },
  );
  const [u, ue] = lock(key, Buffer.from(user.normalize("NFC")), EMPTY);
  const [o, oe] = lock(key, Buffer.from(owner.normalize("NFC")), u);
  const perms = Buffer.alloc(16, 255);
  perms.writeInt32LE(permissions, 0);
  perms.write("Tadb", 8, "latin1");
  const perm = cipher("aes-256-ecb", key, null, perms);
  const hex = (bytes: Buffer) => `<${bytes.toString("hex")}>`;
  const filter = "/CF<</StdCF<</CFM/AESV3/AuthEvent/DocOpen/Length 32>>>>/StmF/StdCF/StrF/StdCF";
  const values = `/U${hex(u)}/UE${hex(ue)}/O${hex(o)}/OE${hex(oe)}/Perms${hex(perm)}/P ${permissions}`;
  const dictionary = `<</Filter/Standard/V 5/R 6/Length 256${filter}${values}>>`;
  const id = hex(randomBytes(16));
  return writePdf(objects, `/Encrypt ${dictionary}/ID[${id}${id}]`);
}

/** What proves a password, and the file's key under it. */
function lock(key: Buffer, password: Buffer, of: Buffer): [proof: Buffer, locked: Buffer] {
  const [proofSalt, keySalt] = [randomBytes(8), randomBytes(8)];
  const proof = Buffer.concat([digest(password, proofSalt, of), proofSalt, keySalt]);
  return [proof, cipher("aes-256-cbc", digest(password, keySalt, of), NO_IV, key)];
}

/** Algorithm 2.B. */
function digest(password: Buffer, salt: Buffer, of: Buffer): Buffer {
  let k = createHash("sha256").update(password).update(salt).update(of).digest();
  for (let round = 0; ; round++) {
    const block = Buffer.concat([password, k, of]);
    const input = Buffer.concat(Array.from({ length: 64 }, () => block));
    const e = cipher("aes-128-cbc", k.subarray(0, 16), k.subarray(16, 32), input);
    const rest = e.subarray(0, 16).reduce((sum, byte) => sum + byte, 0) % 3;
    k = createHash(["sha256", "sha384", "sha512"][rest] ?? "")
      .update(e)
      .digest();
    if (round >= 63 && (e.at(-1) ?? 0) <= round - 31) return k.subarray(0, 32);
  }
}

function cipher(name: string, key: Buffer, iv: Buffer | null, data: Uint8Array, padding = false): Buffer {
  const engine = createCipheriv(name, key, iv);
  engine.setAutoPadding(padding);
  return Buffer.concat([engine.update(data), engine.final()]);
}

function encryptData(key: Buffer, data: Uint8Array): Buffer {
  const iv = randomBytes(16);
  return Buffer.concat([iv, cipher("aes-256-cbc", key, iv, data, true)]);
}
