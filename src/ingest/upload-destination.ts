import type { Column, Features } from "../schema/columns.ts";
import type { PartitionKey } from "../schema/partition.ts";
import type { NameLookup, WaitingUpload } from "../schema/receiving.ts";
import type { Taxonomy } from "../schema/taxonomy.ts";
import type { UploadManifest, UploadMode } from "../schema/upload.ts";
import type { ContentStager } from "./stage-contents.ts";

/** What an upload must know of the lake before anything is staged. */
export interface UploadCheck {
  key: PartitionKey;
  mode: UploadMode;
  columns: readonly Column[];
  /** Rows refer to raw data of the dataset. */
  refersToRaw: boolean;
}

/** What the lake says of an upload that it would accept. */
export interface UploadChecked {
  /** Of the partition that an append adds to, those with values; else none. */
  columns: readonly Column[];
  /** Of that partition, and of uploads that wait for it: the features of columns whose numbers are labels or durations. */
  features: readonly Features[];
  /** What a person should know of it. */
  notices: readonly string[];
  /** Uploads that an append would come after, in the same partition. */
  waiting: readonly WaitingUpload[];
}

/** The lake that an upload goes to: its folder, or a server. */
export interface UploadDestination {
  taxonomy(): Promise<Taxonomy>;
  /** Partitions that are there, and those that uploads on their way will make. */
  partitions(): Promise<PartitionKey[]>;
  /**
   * Throws `partition_exists`, `type_mismatch`, `not_found` for raw data that is not there, and what refuses new names.
   */
  check(check: UploadCheck): Promise<UploadChecked>;
  /** Which of these names rows of a partition have already. */
  heldNames(lookup: NameLookup): Promise<readonly string[]>;
  /**
   * Begins to stage. `identity` tells one upload from another: the same one that did not get to its end may be gone on
   * with.
   */
  begin(check: UploadCheck, identity: string, signal?: AbortSignal): Promise<UploadWriter>;
}

/** An upload being staged. One of `commit` and `abort` ends it. */
export interface UploadWriter {
  readonly uploadId: string;
  readonly stager: ContentStager;
  /** Local path to which the rows are written as Parquet. */
  readonly rows: string;
  /** Hands the whole upload over, with all that was staged and the rows; it is acknowledged when this returns. */
  commit(manifest: UploadManifest, signal?: AbortSignal): Promise<UploadManifest>;
  /** Never throws. */
  abort(): Promise<void>;
}
