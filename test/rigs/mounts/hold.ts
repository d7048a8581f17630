import type { Commands } from "./commands.ts";
import { quoted } from "./shell.ts";

let count = 0;

/** Keeps files open while `work` goes on, and reads them to their ends after it. `paths` may hold wildcards. */
export async function whileHeld(
  commands: Commands,
  paths: string[],
  work: () => Promise<void>,
): Promise<void> {
  const { place, wrong } = commands;
  const sign = `${place.work}/hold-${++count}`;
  const held = place.shell.run(
    `for path in ${paths.join(" ")}; do
      exec {descriptor}< "$path" || exit 3
      dd bs=1 count=1 status=none <&$descriptor > ${sign}.byte
      open="$open $descriptor"
    done
    touch ${sign}.open
    until [ -e ${sign}.done ]; do sleep 0.2; done
    for descriptor in $open; do dd bs=1M status=none <&$descriptor > ${sign}.rest || exit 4; done`,
  );
  await commands.script(`until [ -e ${sign}.open ]; do sleep 0.1; done`);
  try {
    await work();
  } finally {
    await place.shell.run(`touch ${sign}.done`);
    const { code, stderr } = await held;
    if (code !== 0) wrong(`who held ${paths.map(quoted).join(" ")} could not read on (${code}): ${stderr}`);
  }
}

/** Runs a line again and again beside `work`, and gives what each round printed. */
export async function beside(commands: Commands, line: string, work: () => Promise<void>): Promise<string[]> {
  const { place } = commands;
  const sign = `${place.work}/beside-${++count}`;
  const running = place.shell.run(
    `until [ -e ${sign}.done ]; do echo "$(${line}) exit $?"; sleep 0.3; done 2>&1`,
    3_600_000,
  );
  try {
    await work();
  } finally {
    await place.shell.run(`touch ${sign}.done`);
  }
  return (await running).stdout.trim().split("\n");
}
