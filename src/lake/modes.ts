/** Permissions of what the lake writes (invariant 6); set by chmod, so the umask of whoever runs it does not matter. */
export interface Modes {
  folder: number;
  file: number;
  asset: number;
}

export const DEFAULT_MODES: Modes = { folder: 0o775, file: 0o664, asset: 0o444 };
