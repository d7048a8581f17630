/** `bun keep-output.ts FILE COMMAND...` runs the command, shows what it prints, and keeps that and how it ended in FILE. */
import { appendFileSync, writeFileSync } from "node:fs";

/** After its end: what it left running may hold its output open. */
const SILENCE_MS = 5000;

const [file = "", ...command] = process.argv.slice(2);
writeFileSync(file, "");
const child = Bun.spawn(command, { stdin: "inherit", stdout: "pipe", stderr: "pipe" });

async function keep(from: ReadableStream<Uint8Array>, shown: Bun.BunFile): Promise<void> {
  const reader = from.getReader();
  for (;;) {
    const part = await Promise.race([reader.read(), child.exited.then(() => Bun.sleep(SILENCE_MS))]);
    if (!part || part.done) return;
    appendFileSync(file, part.value);
    await Bun.write(shown, part.value); // which waits for a slow reader
  }
}

await Promise.all([keep(child.stdout, Bun.stdout), keep(child.stderr, Bun.stderr)]);
const code = await child.exited;
appendFileSync(file, `\nended with ${code}\n`);
process.exit(code);
