/** `bun run rigs [NAME] [--seed N] [--minutes N]` runs one rig, or each of them, and ends with 1 when it found a fault. */
import { parseArgs } from "node:util";
import { apiRig } from "./api/api.ts";
import { crashRig } from "./crash/crash.ts";
import { faultsRig } from "./faults.ts";
import { holdsRig } from "./holds/holds.ts";
import { mountsRig } from "./mounts/mounts.ts";
import { parsersRig } from "./parsers/parsers-rig.ts";
import type { Rig } from "./rig.ts";
import { tortureRig } from "./torture/torture.ts";

const RIGS: Record<string, Rig> = {
  crash: crashRig,
  torture: tortureRig,
  parsers: parsersRig,
  api: apiRig,
  faults: faultsRig,
  holds: holdsRig,
  mounts: mountsRig,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: "string", default: "1" }, minutes: { type: "string", default: "30" } },
});
const names = positionals.length > 0 ? positionals : Object.keys(RIGS);
const write = (line: string) => process.stdout.write(`${line}\n`);
let faultCount = 0;
for (const name of names) {
  const rig = RIGS[name];
  if (rig === undefined) {
    write(`${name} is no rig; these are: ${Object.keys(RIGS).join(", ")}`);
    process.exit(2);
  }
  write(`${name}: ${rig.summary}, seed ${values.seed}, ${values.minutes} minutes`);
  const say = (line: string) => write(`${name}: ${line}`);
  const found = await rig.run({ seed: Number(values.seed), minutes: Number(values.minutes), say });
  for (const fault of found) say(fault);
  faultCount += found.length;
}
write(`${faultCount} faults`);
process.exit(faultCount === 0 ? 0 : 1);
