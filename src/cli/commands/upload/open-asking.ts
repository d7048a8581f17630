import type { Input, InputOptions } from "../../../ingest/input.ts";
import type { UploadSession } from "../../../ingest/session.ts";
import type { Terminal } from "../../terminal/terminal.ts";

/**
 * Opens the input; on a terminal asks for the password of documents that none of the given ones opens. Enter leaves
 * them out.
 */
export async function openAsking(
  paths: readonly string[],
  read: InputOptions,
  session: UploadSession,
  terminal: Pick<Terminal, "interactive" | "password">,
): Promise<{ input: Input; passwords: readonly string[] }> {
  let passwords = read.passwords ?? [];
  for (;;) {
    const input = await session.open(paths, { ...read, passwords });
    const [locked] = input.lockedDocuments ?? [];
    if (locked === undefined || !terminal.interactive) return { input, passwords };
    const password = await terminal.password(`Password of ${locked}? (Enter to reject its pages)`);
    if (password === "") return { input, passwords };
    passwords = [...passwords, password];
  }
}
