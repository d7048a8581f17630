import type { Column, Features, ReferenceColumn } from "../schema/columns.ts";
import type { PageWishes } from "../schema/pages.ts";
import type { PartitionKey } from "../schema/partition.ts";
import type { ContentKind, ImagePolicy, UploadMode, VerifyLevel } from "../schema/upload.ts";
import type { Input, InputOptions, TextOptions } from "./input.ts";
import type { ContentColumn } from "./roles.ts";
import type { UploadCheck } from "./upload-destination.ts";

/** What a person asks to upload; names as typed. */
export interface UploadRequest {
  type: "raw" | "task";
  provider: string;
  dataset: string;
  /** Of a task upload. */
  task?: string | undefined;
  /** Of a task upload; of a raw one it follows from the columns. */
  variant?: string | undefined;
  meta?: Readonly<Record<string, string>>;
  mode: UploadMode;
  images: ImagePolicy;
  verify: VerifyLevel;
  maxRejects: string;
  /** Rejects rows whose labels do not fit the view of the task; they are only reported without. */
  strict?: boolean | undefined;
  description?: string;
  source?: string;
  license?: string | undefined;
  /** How a text file is read. */
  text?: TextOptions;
  /** How files are taken apart. */
  read?: Pick<InputOptions, "splitFromFolder" | "splitPages" | "packed">;
  /** How pages of documents are made; as `DEFAULT_PAGES` without. */
  pages?: PageWishes;
}

/** A column as it is staged: its plain type, and the SQL that makes it from `input.rows()`. */
export interface PlannedColumn extends Column {
  /** Name in the input; of a constant or derived column, its own. */
  source: string;
  expression: string;
  /** No value says its type: that of the partition it is added to will do. */
  isOpen?: boolean;
}

/** Everything decided, nothing done yet. */
export interface UploadPlan {
  input: Input;
  request: UploadRequest;
  key: PartitionKey;
  /** What was asked of the lake. */
  check: UploadCheck;
  columns: PlannedColumn[];
  features: Features;
  /** What each row brings along, column by column. */
  contents: ContentColumn[];
  contentKind: ContentKind | null;
  textColumn: string | undefined;
  reference: { column: ReferenceColumn; expression: string } | null;
  /** Set where rows are pages of documents. */
  pages: PageWishes | undefined;
  notices: string[];
}
