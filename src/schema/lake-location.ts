/** The lake that is meant: one in a folder, or one behind a server. */
export type LakeLocation = { kind: "folder"; path: string } | { kind: "server"; url: string };

/** What one source of settings says of it. */
export interface NamedLake {
  lake?: string | undefined;
  server?: string | undefined;
}

/**
 * The lake that the nearest source of settings names: flags, then the environment, then the settings file. A folder wins
 * over a server of the same source. Undefined when none names one.
 */
export function locateLake(nearestFirst: readonly NamedLake[]): LakeLocation | undefined {
  for (const { lake, server } of nearestFirst) {
    if (lake !== undefined) return { kind: "folder", path: lake };
    if (server !== undefined) return { kind: "server", url: server };
  }
  return undefined;
}

/** The folder of a lake that is in one. */
export function folderOf(location: LakeLocation | undefined): string | undefined {
  return location?.kind === "folder" ? location.path : undefined;
}
