import { chmod, readdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { AppError, systemCode } from "../errors.ts";
import { syncFolder } from "./durable.ts";
import { markText } from "./end-mark.ts";
import { ensureFolder, exists, isMissing } from "./files.ts";
import { createLayout, type Layout } from "./layout.ts";
import { createExclusive } from "./lease-file.ts";
import { DEFAULT_MODES, type Modes } from "./modes.ts";
import { requireSuitedMount } from "./mount-check.ts";
import { awaitReplaced } from "./replaced.ts";
import { createView, seeWhole, type View } from "./view.ts";

/** A lake on disk: its paths, and the permissions for new files. */
export interface Lake {
  readonly root: string;
  readonly layout: Layout;
  readonly modes: Modes;
  readonly view: View;
}

export const EMPTY_TAXONOMY = `# Providers and tasks of this lake. Edit by hand, or with
#   datalake config provider create NAME
#   datalake config task create NAME --required lang,src --allow lang=ko,en
providers: {}
tasks: {}
`;

/** Describes the lake at `root` without checking that it exists. */
export function describeLake(root: string, modes: Modes = DEFAULT_MODES, view: View = createView()): Lake {
  const path = resolve(root);
  return { root: path, layout: createLayout(path), modes, view };
}

/** Serializable part of a lake for a child process, which passes it to `describeLake`. */
export function tellLake({ root, modes, view }: Lake) {
  return { root, modes, stale_ms: view.staleMs };
}

/** Opens a lake; throws `no_lake` if the folder is missing or not a lake. */
export async function openLake(root: string, modes: Modes = DEFAULT_MODES, view?: View): Promise<Lake> {
  const lake = describeLake(root, modes, view);
  if (!(await isLake(lake))) {
    throw new AppError(
      "no_lake",
      `${lake.root} is not a lake; create one with \`datalake init\`, or name yours with --lake`,
      {
        details: { path: lake.root },
      },
    );
  }
  return lake;
}

/** If the folder exists, its file may not be visible yet or may just be being replaced. */
async function isLake({ layout, view }: Lake): Promise<boolean> {
  return seeWhole(view, layout.taxonomy, async () => {
    if (await awaitReplaced(layout.taxonomy)) return { isWhole: true, value: true };
    if (!(await exists(layout.config))) return { isWhole: true, value: false };
    return { isWhole: false, problem: "is not seen", settles: true, asSeen: () => false };
  });
}

export function lakeFolders(layout: Layout): string[] {
  const { root, config, staging, incoming, pending, processing, failed, catalog, assets, jobs, logs } =
    layout;
  return [root, config, staging, incoming, pending, processing, failed, catalog, assets, jobs, logs];
}

export interface InitReport {
  lake: Lake;
  created: string[];
  repaired: string[];
  /** Folders with wrong permissions that belong to another account. */
  denied: string[];
}

/**
 * Creates a lake, or repairs an incomplete one, and sets the permissions of its folders, never touching
 * content. Throws `conflict` if a file is in a folder's place, `unsuited_mount`.
 */
export async function initLake(root: string, modes: Modes = DEFAULT_MODES): Promise<InitReport> {
  await requireSuitedMount(root);
  const lake = describeLake(root, modes);
  const report: InitReport = { lake, created: [], repaired: [], denied: [] };
  const foreign = await isForeign(lake);
  const made: string[] = [];
  for (const folder of lakeFolders(lake.layout)) {
    if (!(await isFolder(folder))) {
      made.push(...(await ensureFolder(folder, modes)));
      report.created.push(folder);
    } else if (folder !== lake.root || !foreign) {
      await repairMode(folder, modes.folder, report);
    }
  }
  // A folder lost in a power cut takes its content with it.
  for (const above of new Set(made.map((folder) => dirname(folder)))) await syncFolder(above);
  if (!(await awaitReplaced(lake.layout.taxonomy)) && (await makeTaxonomy(lake))) {
    report.created.push(lake.layout.taxonomy);
  }
  return report;
}

/** On a lagging mount the name may exist without being visible; the existing file is kept. */
async function makeTaxonomy({ layout, modes }: Lake): Promise<boolean> {
  const isMade = await createExclusive(layout.taxonomy, markText(EMPTY_TAXONOMY), modes);
  if (isMade) await syncFolder(layout.config);
  return isMade;
}

/** A folder with other content (say, a home folder) keeps its permissions when a lake is created in it. */
async function isForeign(lake: Lake): Promise<boolean> {
  if (!(await isFolder(lake.root)) || (await exists(lake.layout.config))) return false;
  return (await readdir(lake.root)).length > 0;
}

/** Keeps bits above the permissions, such as setgid for a team's group. */
async function repairMode(path: string, mode: number, report: InitReport): Promise<void> {
  const { mode: current } = await stat(path);
  if ((current & 0o777) === mode) return;
  try {
    await chmod(path, (current & 0o7000) | mode);
    // A mount without permissions accepts chmod and does nothing.
    if (((await stat(path)).mode & 0o777) === mode) report.repaired.push(path);
  } catch (error) {
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP"].includes(systemCode(error) ?? "")) throw error;
    report.denied.push(path);
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
  throw new AppError("conflict", `${path} is a file where the lake needs a folder; move it away`, {
    details: { path },
  });
}
