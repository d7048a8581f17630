export type LakeLocation = { kind: "folder"; path: string } | { kind: "server"; url: string };

/** The lake given by one source of settings. */
export interface NamedLake {
  lake?: string | undefined;
  server?: string | undefined;
}

/** The first lake given by flags, environment or settings file; within one source the folder wins. */
export function locateLake(nearestFirst: readonly NamedLake[]): LakeLocation | undefined {
  for (const { lake, server } of nearestFirst) {
    if (lake !== undefined) return { kind: "folder", path: lake };
    if (server !== undefined) return { kind: "server", url: server };
  }
  return undefined;
}

export function folderOf(location: LakeLocation | undefined): string | undefined {
  return location?.kind === "folder" ? location.path : undefined;
}
