import { AppError } from "../../../errors.ts";
import { newNameProblem } from "../../../schema/name-clash.ts";
import type { Terminal } from "../../terminal/terminal.ts";

/** The given name, or a person's answer; throws `usage` without a terminal. */
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

/** Why a new name is refused; undefined for a valid one. */
export function checkNewName(name: string, taken: readonly string[]): string | undefined {
  const composed = name.normalize("NFC");
  return taken.includes(composed) ? "already exists" : newNameProblem(composed, taken);
}

/** Lets a person choose an entry; throws `not_found` if there is none. */
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

/** Asks for confirmation on a terminal; throws `cancelled` if it is denied. */
export async function confirmRemoval(kind: string, name: string, terminal: Terminal): Promise<void> {
  if (!terminal.interactive) return;
  if (await terminal.confirm(`Remove the ${kind} ${name}?`, false)) return;
  throw new AppError("cancelled", `the ${kind} ${name} was kept; nothing was changed`);
}
