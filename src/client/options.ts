import { loadSettings, modesOf, type Settings, staleMsOf } from "../config.ts";
import { AppError } from "../errors.ts";
import { openLake } from "../lake/lake.ts";
import { createView } from "../lake/view.ts";
import { silentLogger } from "../log.ts";
import { folderOf } from "../schema/lake-location.ts";
import { selfCommand } from "../self-command.ts";
import type { LakeClient } from "./lake-client.ts";
import { openLakeClient } from "./open-lake.ts";

/** What a program says of the lake it uses. */
export interface DatalakeClientOptions {
  /** The lake's folder. One of this and `serverUrl`; without both, what the settings say. */
  basePath?: string;
  /** A `datalake serve` somewhere. */
  serverUrl?: string;
  /** For the server; DATALAKE_TOKEN without. */
  token?: string;
  /** Workers of a job that this process runs itself, and rows of their batches. */
  numProc?: number;
  batchSize?: number;
  /** Ends whatever this client does, with `cancelled`. */
  signal?: AbortSignal;
}

/** The lake that is meant: by these options, else by the settings. Throws `usage` where there is none. */
export async function openLakeOf(options: DatalakeClientOptions, signal: AbortSignal): Promise<LakeClient> {
  const settings = await settingsOf(options);
  const { location } = settings;
  if (location === undefined) {
    throw new AppError("usage", "no lake is given; pass basePath or serverUrl, or set DATALAKE_LAKE");
  }
  const openFolder = async () => {
    const view = createView({ staleMs: staleMsOf(settings), signal });
    return openLake(folderOf(location) ?? "", modesOf(settings), view);
  };
  return openLakeClient({
    settings,
    openLake: openFolder,
    selfCommand: selfCommand(),
    logger: silentLogger,
    signal,
  });
}

/** The settings, with what the program gave as the nearest: as the flags of a command. */
export async function settingsOf(options: DatalakeClientOptions): Promise<Settings> {
  const { basePath: lake, serverUrl: server, numProc, batchSize } = options;
  const processing = {
    ...(numProc !== undefined && { num_proc: numProc }),
    ...(batchSize !== undefined && { batch_size: batchSize }),
  };
  const flags = { ...(lake !== undefined && { lake }), ...(server !== undefined && { server }), processing };
  const settings = await loadSettings({ flags });
  return { ...settings, token: options.token ?? settings.token };
}
