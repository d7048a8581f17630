import type { Acknowledged } from "../lake-check.ts";
import type { Place } from "./place.ts";
import { quoted, type Ran } from "./shell.ts";

export type Side = "a" | "b" | "disk";

/** What a story does at its place, and what went wrong there. */
export interface Commands {
  place: Place;
  lake(side: Side): string;
  input(name: string): string;
  /** Runs the executable; another exit code than `codes` is told as wrong. */
  datalake(side: Side, args: string[], codes?: readonly number[]): Promise<Ran>;
  upload(side: Side, input: string, args: string[]): Promise<void>;
  /** Runs a script, of which a failure is told as wrong. */
  script(text: string): Promise<string>;
  /** The line of a shell that runs the executable with its settings. */
  line(side: Side, args: string[]): string;
  wrong(message: string): void;
  acknowledged: Acknowledged[];
}

const COMMAND_LIMIT_MS = 60_000;

export function createCommands(place: Place, wrong: (message: string) => void): Commands {
  const acknowledged: Acknowledged[] = [];
  const lake = (side: Side) => `${place[side]}/lake`;
  const homeOf = (side: Side) => (place.as === undefined ? place.work : `${place.work}/home-${side}`);
  const settings = (side: Side) =>
    [
      `HOME=${homeOf(side)}`,
      `DATALAKE_CACHE=${homeOf(side)}/cache`,
      `DATALAKE_SCRATCH=${homeOf(side)}/scratch-${side}`,
      "DATALAKE_PROCESSING_NUM_PROC=1",
      `DATALAKE_LAKE=${lake(side)}`,
    ].join(" ");
  const line = (side: Side, args: string[]) =>
    `${place.as?.[side] ?? ""} env ${settings(side)} ${place.binary} ${args.map(quoted).join(" ")}`;
  const run = (text: string) =>
    place.shell.run(`cd ${place.work}\n${text}`, COMMAND_LIMIT_MS * place.slowness);
  const datalake = async (side: Side, args: string[], codes: readonly number[] = [0]) => {
    const ran = await run(line(side, args));
    if (ran.code === null || !codes.includes(ran.code))
      wrong(`datalake ${args.join(" ")} by ${side} ended with ${ran.code}: ${lastLines(ran)}`);
    return ran;
  };
  const upload = async (side: Side, input: string, args: string[]) => {
    const all = ["upload", `${place.work}/in/${input}`, "--provider", "aihub", ...args, "--json"];
    noteUpload(await datalake(side, all), acknowledged);
  };
  const script = async (text: string) => {
    const ran = await run(text);
    if (ran.code !== 0) wrong(`${text.trim().split("\n").at(-1)} ended with ${ran.code}: ${lastLines(ran)}`);
    return ran.stdout;
  };
  return {
    place,
    lake,
    input: (name) => `${place.work}/in/${name}`,
    datalake,
    upload,
    script,
    line,
    wrong,
    acknowledged,
  };
}

/** An upload that was told to be staged has to be in the lake at the end. */
export function noteUpload(
  { code, stdout }: Pick<Ran, "code" | "stdout">,
  acknowledged: Acknowledged[],
): void {
  if (code !== 0) return;
  const { upload_id, rows, provider, dataset, task, variant } = JSON.parse(stdout);
  const partition = `provider=${provider}/dataset=${dataset}/task=${task}/variant=${variant}`;
  acknowledged.push({ upload_id, rows, partition });
}

export function lastLines({ stdout, stderr }: Ran): string {
  const text = stderr.trim() === "" ? stdout : stderr;
  return text.trim().split("\n").slice(-4).join(" | ").slice(-900);
}
