/** Permissions of the lake's files and folders (invariant 6); set by chmod, independent of the umask. */
export interface Modes {
  folder: number;
  file: number;
  asset: number;
}

export const DEFAULT_MODES: Modes = { folder: 0o775, file: 0o664, asset: 0o444 };
