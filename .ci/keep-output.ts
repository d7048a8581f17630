/** `bun keep-output.ts FILE COMMAND...` runs the command, shows what it prints, and keeps that in FILE too. */
import { appendFileSync, writeFileSync } from "node:fs";

const [file = "", ...command] = process.argv.slice(2);
writeFileSync(file, "");
const child = Bun.spawn(command, { stdin: "inherit", stdout: "pipe", stderr: "pipe" });

async function keep(from: ReadableStream<Uint8Array>, shown: NodeJS.WriteStream): Promise<void> {
  for await (const chunk of from) {
    appendFileSync(file, chunk);
    shown.write(chunk);
  }
}

const kept = Promise.all([keep(child.stdout, process.stdout), keep(child.stderr, process.stderr)]);
const code = await child.exited;
// What it left running may hold its output open.
await Promise.race([kept, Bun.sleep(5000)]);
process.exit(code);
