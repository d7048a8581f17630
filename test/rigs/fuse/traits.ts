/** In what a mount differs from a local disk; each was measured at a real client. */
export interface Traits {
  /** Numbers of its own, per path: another name of one file has another number, another mount as well. */
  ownInodes: boolean;
  /** What lies at a path is one file for it, whoever put another there in the meantime. */
  nodesByPath: boolean;
  /** While a file is open here, its path gives that file, though another mount has put a new one there. */
  oldWhileOpen: boolean;
  /** A name that is open here cannot be replaced, and the try deletes it when its last opener closes. */
  doomsOpenTargets: boolean;
  /** A file that is open here by one of its names cannot be opened by another. */
  opensOneName: boolean;
  /** A folder with a file in it that is open here cannot be renamed. */
  keepsBusyFolders: boolean;
  /** A file that is removed or replaced while it is open here gets a hidden name until it is closed. */
  hidesOpenFiles: boolean;
  ignoresCase: boolean;
  /** Modes and owners come from the mount; of a mode only "nobody may write" is kept. */
  fixedModes: boolean;
  /** Symbolic links and FIFOs are refused, and an append goes where this mount believes the end to be. */
  plainFilesOnly: boolean;
  /** Times are whole seconds, and each file has one name. */
  coarseAttributes: boolean;
  /** RENAME_NOREPLACE is not known. */
  refusesNoReplace: boolean;
  /** Hard links fail with this. */
  linkError: "EIO" | "EPERM" | undefined;
  /** Every second loser of a race for a name gets EPERM in place of EEXIST. */
  losersGetEperm: boolean;
  /** How long attributes, names, missing names and listings are kept, whatever other mounts do. */
  staleMs: number;
}

const PLAIN: Traits = {
  ownInodes: false,
  nodesByPath: false,
  oldWhileOpen: false,
  doomsOpenTargets: false,
  opensOneName: false,
  keepsBusyFolders: false,
  hidesOpenFiles: false,
  ignoresCase: false,
  fixedModes: false,
  plainFilesOnly: false,
  coarseAttributes: false,
  refusesNoReplace: false,
  linkError: undefined,
  losersGetEperm: false,
  staleMs: 0,
};

export const BEHAVIOURS = {
  /** A passthrough, where syncfs returns 0 and does nothing, as on every FUSE mount. */
  plain: PLAIN,
  /** The SMB client of the Linux kernel. */
  smb: {
    ...PLAIN,
    ownInodes: true,
    oldWhileOpen: true,
    doomsOpenTargets: true,
    opensOneName: true,
    keepsBusyFolders: true,
    ignoresCase: true,
    fixedModes: true,
    plainFilesOnly: true,
  },
  /** rclone: what is written is at the server later than it says. */
  rclone: { ...PLAIN, linkError: "EIO" },
  /** The same by another program. */
  later: { ...PLAIN, linkError: "EIO" },
  /** SMB to a disk without hard links (exFAT). */
  linkless: {
    ...PLAIN,
    doomsOpenTargets: true,
    keepsBusyFolders: true,
    fixedModes: true,
    linkError: "EPERM",
  },
  /** sshfs with its defaults, and the "not there" of an NFS client. */
  stale: {
    ...PLAIN,
    ownInodes: true,
    nodesByPath: true,
    hidesOpenFiles: true,
    coarseAttributes: true,
    refusesNoReplace: true,
    losersGetEperm: true,
    staleMs: 3000,
  },
} satisfies Record<string, Traits>;

export type Behaviour = keyof typeof BEHAVIOURS;
