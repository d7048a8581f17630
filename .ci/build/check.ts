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
    const head = Buffer.alloc(32);
    await handle.read(head, 0, head.length, 0);
    assertMachine(file, head, machine);
  } finally {
    await handle.close();
  }
}

/** Sources: elf(5), e_machine at byte 18; mach-o/loader.h, magic and cputype. */
function assertMachine(file: string, head: Buffer, machine: Machine): void {
  const found = machineOf(head);
  if (found === `${machine.format} ${machine.cpu}`) return;
  throw new Error(`${file} is ${found}, not ${machine.format} ${machine.cpu}`);
}

function machineOf(head: Buffer): string {
  if (head.subarray(0, 4).equals(Buffer.from([0x7f, 0x45, 0x4c, 0x46]))) {
    const cpus: Record<number, string> = { 62: "x64", 183: "arm64" };
    return `ELF ${cpus[head.readUInt16LE(18)] ?? "unknown"}`;
  }
  if (head.readUInt32LE(0) === 0xfeedfacf) {
    const cpus: Record<number, string> = { 16777223: "x64", 16777228: "arm64" };
    return `Mach-O ${cpus[head.readUInt32LE(4)] ?? "unknown"}`;
  }
  return "no executable";
}
