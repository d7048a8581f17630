import type { Settings } from "../config.ts";
import type { Lake } from "../lake/lake.ts";
import type { Logger } from "../log.ts";
import type { EngineName } from "../schema/engines.ts";
import type { LakeClient } from "./lake-client.ts";

export interface OpenOptions {
  settings: Settings;
  /** The lake's folder, opened; throws `usage` where the settings name none. */
  openLake(): Promise<Lake>;
  selfCommand: string[];
  logger: Logger;
  signal: AbortSignal;
  /** That will be read with: it starts while the rest is loaded. */
  engine?: EngineName | undefined;
}

/** The lake that the settings mean. Nothing is opened or asked yet. */
export async function openLakeClient(options: OpenOptions): Promise<LakeClient> {
  const { settings, logger, engine } = options;
  if (settings.location?.kind === "server") {
    const { remoteClient } = await import("./remote/remote-client.ts");
    const { token, scratchFolder } = settings;
    return remoteClient({ url: settings.location.url, token, scratchFolder });
  }
  if (engine !== undefined) await (await import("../query/create-engine.ts")).beginEngine(engine, settings);
  const { folderClient } = await import("./folder/folder-client.ts");
  let opened: Promise<Lake> | undefined;
  const openLake = () => {
    opened ??= options.openLake();
    opened.catch(() => {
      opened = undefined;
    });
    return opened;
  };
  const audit = async (action: string, target: string) => {
    const { recordAudit } = await import("../lake/audit.ts");
    const { userName } = await import("../lake/account.ts");
    const entry = { who: userName(), from: "local", action: `datalake ${action}`, target, outcome: "ok" };
    // Curators may write to staging only: what they do is not undone for want of a line.
    await recordAudit(await openLake(), entry).catch((error) =>
      logger.warn("the audit log cannot be written", { error }),
    );
  };
  return folderClient({ ...options, openLake, audit });
}
