import type { Effects } from "./command.ts";

/**
 * The server through which a command works on its lake; undefined where it works in the lake's folder. A folder is
 * nearer: with both in the settings it is taken, unless this command line names the server and no folder.
 */
export function remoteUrl({ settings, serverNamed }: Effects): string | undefined {
  return settings.lake === undefined || serverNamed ? settings.server : undefined;
}
