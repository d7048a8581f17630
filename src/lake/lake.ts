import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { AppError } from "../errors.ts";
import { ensureFolder, exists, isMissing, writeAtomic } from "./files.ts";
import { createLayout, type Layout } from "./layout.ts";
import { DEFAULT_MODES, type Modes } from "./modes.ts";

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
  if (!(await exists(lake.layout.taxonomy))) {
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

/** Makes a lake, or what is missing of one; gives the paths it made. Existing content is never touched. */
export async function initLake(
  root: string,
  modes: Modes = DEFAULT_MODES,
): Promise<{ lake: Lake; created: string[] }> {
  const lake = describeLake(root, modes);
  const created: string[] = [];
  for (const folder of lakeFolders(lake.layout)) {
    if (await isFolder(folder)) continue;
    await ensureFolder(folder, modes);
    created.push(folder);
  }
  if (!(await exists(lake.layout.taxonomy))) {
    await writeAtomic(lake.layout.taxonomy, EMPTY_TAXONOMY, modes);
    created.push(lake.layout.taxonomy);
  }
  return { lake, created };
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
