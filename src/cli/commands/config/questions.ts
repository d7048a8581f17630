import { AppError } from "../../../errors.ts";
import { newNameProblem } from "../../../schema/name-clash.ts";
import type { Terminal } from "../../terminal/terminal.ts";

/** The name given, or the one that a person answers; `usage` when nobody is there to ask. */
export async function requireName(
  kind: string,
  given: string | undefined,
  terminal: Terminal,
  ask: (question: string) => Promise<string>,
): Promise<string> {
  if (given !== undefined) return given;
  if (terminal.interactive) return ask(`Which ${kind}?`);
  throw new AppError("usage", `no ${kind} is given; add its NAME to the command`);
}

/** What is wrong with the answer of a person who names a new entry; undefined when nothing is. */
export function checkNewName(name: string, taken: readonly string[]): string | undefined {
  const composed = name.normalize("NFC");
  return taken.includes(composed) ? "already exists" : newNameProblem(composed, taken);
}

/** Lets a person choose one of the entries; `not_found` when there is none. */
export async function chooseEntry(
  kind: string,
  entries: Record<string, { description: string }>,
  terminal: Terminal,
): Promise<string> {
  const choices = Object.entries(entries).map(([name, { description }]) => ({
    value: name,
    label: name,
    hint: description,
  }));
  if (choices.length === 0) throw new AppError("not_found", `the lake has no ${kind} yet`);
  return terminal.select(`Which ${kind}?`, choices);
}

/** Makes sure that a person at the terminal means it; throws `cancelled` otherwise. */
export async function confirmRemoval(kind: string, name: string, terminal: Terminal): Promise<void> {
  if (!terminal.interactive) return;
  if (await terminal.confirm(`Remove the ${kind} ${name}?`, false)) return;
  throw new AppError("cancelled", `the ${kind} ${name} was kept; nothing was changed`);
}
