import { chmod, readdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { AppError, systemCode } from "../errors.ts";
import { syncFolder } from "./durable.ts";
import { ensureFolder, exists, isMissing } from "./files.ts";
import { createLayout, type Layout } from "./layout.ts";
import { DEFAULT_MODES, type Modes } from "./modes.ts";
import { writeAtomic } from "./replace.ts";
import { awaitReplaced } from "./replaced.ts";

/** A lake on disk: where everything lies and with which permissions it is written. */
export interface Lake {
  readonly root: string;
  readonly layout: Layout;
  readonly modes: Modes;
}

export const EMPTY_TAXONOMY = `# Providers and tasks of this lake. Edit by hand, or with
#   datalake config provider create NAME
#   datalake config task create NAME --required lang,src --allow lang=ko,en
providers: {}
tasks: {}
`;

/** Describes the lake at `root` without looking whether it is there. */
export function describeLake(root: string, modes: Modes = DEFAULT_MODES): Lake {
  const path = resolve(root);
  return { root: path, layout: createLayout(path), modes };
}

/** Opens an existing lake; throws `no_lake` when the folder is missing or is none. */
export async function openLake(root: string, modes: Modes = DEFAULT_MODES): Promise<Lake> {
  const lake = describeLake(root, modes);
  if (!(await awaitReplaced(lake.layout.taxonomy))) {
    throw new AppError(
      "no_lake",
      `${lake.root} is not a lake; make one with \`datalake init\`, or name yours by --lake`,
      {
        details: { path: lake.root },
      },
    );
  }
  return lake;
}

/** The folders that a lake has from the start. */
export function lakeFolders(layout: Layout): string[] {
  const { root, config, staging, incoming, pending, processing, failed, catalog, assets, jobs, logs } =
    layout;
  return [root, config, staging, incoming, pending, processing, failed, catalog, assets, jobs, logs];
}

export interface InitReport {
  lake: Lake;
  /** Paths that were made. */
  created: string[];
  /** Folders that had other permissions and now have the lake's. */
  repaired: string[];
  /** Folders with other permissions that belong to somebody else. */
  denied: string[];
}

/**
 * Makes a lake, or what is missing of one, and gives its folders their permissions. Existing content is never touched.
 * Throws `conflict` where a file stands in the place of a folder.
 */
export async function initLake(root: string, modes: Modes = DEFAULT_MODES): Promise<InitReport> {
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
  // What is kept in a folder whose own name is lost by a power cut is lost with it.
  for (const above of new Set(made.map((folder) => dirname(folder)))) await syncFolder(above);
  if (!(await awaitReplaced(lake.layout.taxonomy))) {
    await writeAtomic(lake.layout.taxonomy, EMPTY_TAXONOMY, modes);
    report.created.push(lake.layout.taxonomy);
  }
  return report;
}

/** A folder in use for something else (a home folder, say) keeps its own permissions when a lake is made in it. */
async function isForeign(lake: Lake): Promise<boolean> {
  if (!(await isFolder(lake.root)) || (await exists(lake.layout.config))) return false;
  return (await readdir(lake.root)).length > 0;
}

/** Bits above the permissions (setgid for a team's group) are somebody's intent and stay. */
async function repairMode(path: string, mode: number, report: InitReport): Promise<void> {
  const { mode: current } = await stat(path);
  if ((current & 0o777) === mode) return;
  try {
    await chmod(path, (current & 0o7000) | mode);
    report.repaired.push(path);
  } catch (error) {
    if (systemCode(error) !== "EPERM") throw error;
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
