import type { Shell } from "./shell.ts";

/** Names this measure among the steps. */
export const VIEWS = "views";

/** How old a view of one mount may be of what another one did: a line for each kind, in seconds. */
export async function measureViews(shell: Shell, a: string, b: string): Promise<string> {
  const { stdout } = await shell.run(
    `mkdir -p ${a}/views; until [ -d ${b}/views ]; do sleep 0.2; done
    passed() {
      begin=\${EPOCHREALTIME/./}
      until eval "$2" || [ $((\${EPOCHREALTIME/./} - begin)) -gt 90000000 ]; do :; done
      took=$(((\${EPOCHREALTIME/./} - begin) / 100000))
      echo "$1 after $((took / 10)).$((took % 10)) s"
    }
    listed() { local name; for name in ${b}/views/*; do [ "$name" = "${b}/views/$1" ] && return 0; done; return 1; }
    [ -e ${b}/views/looked ]; echo 1 > ${a}/views/looked
    passed "a new name that was looked for" "[ -e ${b}/views/looked ]"
    listed other; echo 1 > ${a}/views/other
    passed "a new name in a listing" "listed other"
    [ -s ${b}/views/looked ]; : > ${a}/views/looked
    passed "a new size" "[ ! -s ${b}/views/looked ]"
    read -r line < ${b}/views/other; echo 2 > ${a}/views/other
    passed "new bytes" 'read -r line < ${b}/views/other; [ "$line" = 2 ]'
    [ -e ${b}/views/other ]; rm ${a}/views/other
    passed "a removed name" "[ ! -e ${b}/views/other ]"`,
    900_000,
  );
  return stdout.trim().split("\n").join(", ");
}
