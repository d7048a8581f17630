import type { Effects } from "./command.ts";

/** The server through which a command works on its lake; undefined where it works in the lake's folder. */
export function remoteUrl({ settings: { location } }: Pick<Effects, "settings">): string | undefined {
  return location?.kind === "server" ? location.url : undefined;
}
