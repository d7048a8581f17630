import type { Question, Region } from "../../schema/labels/region.ts";
import type { PartitionKey } from "../../schema/partition.ts";

/** The part of a training set that holds rows of which nothing else is said. */
export const DEFAULT_SPLIT = "train";

/** A page of a sample. */
export interface SampleImage {
  /** Absolute path of its asset. */
  path: string;
  /** SHA-256 of the asset. */
  hash: string;
  /** `jpeg`, `png`... and the extension of the asset. */
  format: string;
  extension: string;
  /** Pixels of the upright page. */
  width: number;
  height: number;
  /** Size of the asset. */
  bytes: number;
  /** EXIF orientation that its source came with; null where it said nothing. */
  orientation: number | null;
  sourceName: string | null;
}

/** A region on one of the sample's pages. */
export interface SampleRegion extends Region {
  /** Index of the page in `images`. */
  image: number;
}

/** A row as a trainer's format takes it: its pages, and what its label says of them. Valid until the next one is asked for. */
export interface Sample {
  /** From 0, in the order of the rows. */
  index: number;
  images: readonly SampleImage[];
  regions: readonly SampleRegion[];
  questions: readonly Question[];
  split: string;
  partition: PartitionKey;
  /** The row's own columns as JSON texts, those of the lake left out. */
  row(): [name: string, json: string][];
  /** For messages: the partition and the name that the row came with. */
  where: string;
}
