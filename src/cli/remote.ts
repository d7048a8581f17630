import type { Settings } from "../config.ts";

/** Whether a command works through a server: one is given, and no lake folder, which is nearer. */
export function isRemote(settings: Settings): settings is Settings & { server: string } {
  return settings.server !== undefined && settings.lake === undefined;
}
