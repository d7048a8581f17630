/** What can be said of a binary without running it: its machine type, and that the native libraries are in it. */
import { open, readFile } from "node:fs/promises";
import type { Machine, TargetParts } from "./targets.ts";

export interface BinaryReport {
  sha256: string;
  /** One line for people. */
  summary: string;
}

/** Throws when the binary is for another machine, or lacks the bytes of a library. */
export async function checkBinary(binary: string, parts: TargetParts): Promise<BinaryReport> {
  const bytes = await readFile(binary);
  const { format, cpu } = parts.machine;
  assertMachine(binary, bytes, parts.machine);
  const files = parts.libraries.flatMap((library) => library.files);
  for (const { file } of files) {
    await assertMachineOf(file, parts.machine);
    if (!bytes.includes(await readFile(file))) throw new Error(`${binary} does not contain ${file}`);
  }
  const sha256 = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
  const size = (bytes.length / 1e6).toFixed(0);
  return { sha256, summary: `${format} ${cpu}, ${size} MB, ${files.length} native files inside` };
}

async function assertMachineOf(file: string, machine: Machine): Promise<void> {
  const handle = await open(file);
  try {
    const head = Buffer.alloc(128);
    await handle.read(head, 0, head.length, 0);
    assertMachine(file, head, machine);
  } finally {
    await handle.close();
  }
}

function assertMachine(file: string, head: Buffer, { format, cpu }: Machine): void {
  const found = machinesOf(head);
  if (found.includes(`${format} ${cpu}`)) return;
  throw new Error(`${file} is for ${found.join(", ") || "no machine"}, not for ${format} ${cpu}`);
}

const ELF_CPUS: Record<number, string> = { 62: "x64", 183: "arm64" };
const MACH_CPUS: Record<number, string> = { 16777223: "x64", 16777228: "arm64" };

/**
 * The machines that the first bytes of a file name. Sources: elf(5), e_machine at byte 18; mach-o/loader.h, magic and
 * cputype; mach-o/fat.h, big-endian, a count at byte 4 and entries of 20 bytes that begin with a cputype.
 */
function machinesOf(head: Buffer): string[] {
  const magic = head.readUInt32BE(0);
  if (magic === 0x7f454c46) return [`ELF ${ELF_CPUS[head.readUInt16LE(18)]}`];
  if (magic === 0xcffaedfe) return [`Mach-O ${MACH_CPUS[head.readUInt32LE(4)]}`];
  if (magic !== 0xcafebabe) return [];
  const count = Math.min(head.readUInt32BE(4), 6);
  return Array.from({ length: count }, (_, at) => `Mach-O ${MACH_CPUS[head.readUInt32BE(8 + 20 * at)]}`);
}
