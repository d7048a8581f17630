/** Location of a lake: a folder or a server. */
export type LakeLocation = { kind: "folder"; path: string } | { kind: "server"; url: string };

/** The lake given by one source of settings. */
export interface NamedLake {
  lake?: string | undefined;
  server?: string | undefined;
}

/**
 * The lake given by the nearest source: flags, then environment, then settings file. Within a source the
 * folder wins. Undefined if none is given.
 */
export function locateLake(nearestFirst: readonly NamedLake[]): LakeLocation | undefined {
  for (const { lake, server } of nearestFirst) {
    if (lake !== undefined) return { kind: "folder", path: lake };
    if (server !== undefined) return { kind: "server", url: server };
  }
  return undefined;
}

/** The folder of a local lake. */
export function folderOf(location: LakeLocation | undefined): string | undefined {
  return location?.kind === "folder" ? location.path : undefined;
}
