import * as v from "valibot";
import { ENGINE_NAMES } from "./engines.ts";
import { DifferenceSchema } from "./label-compare.ts";
import { PartitionKeySchema } from "./partition.ts";
import { RowPlaceEntries } from "./row-key.ts";
import { ROLES } from "./token.ts";

/** Documents of the web page's requests; also in /openapi.json. */

export const SessionSchema = v.object({
  lake: v.string(),
  version: v.string(),
  /** Whether a token is required (`needed`), not required, or already given (`done`). */
  login: v.picklist(["none", "needed", "done"]),
  /** Of the token; null if anonymous. */
  name: v.nullable(v.string()),
  role: v.nullable(v.picklist(ROLES)),
  engines: v.array(v.picklist(ENGINE_NAMES)),
});
export type SessionDocument = v.InferOutput<typeof SessionSchema>;

/** Identifies a row independent of the rest of the lake. */
const RowKeyEntries = {
  /** `provider/dataset/task/variant/upload_id/source_row`, each part URL-encoded. */
  key: v.string(),
  ...RowPlaceEntries,
};

export const BrowseRowSchema = v.object({
  ...RowKeyEntries,
  /** SHA-256 of the stored image and its path for GET /assets; null without image. */
  hash: v.nullable(v.string()),
  asset: v.nullable(v.string()),
  format: v.nullable(v.string()),
  width: v.nullable(v.number()),
  height: v.nullable(v.number()),
  pages: v.nullable(v.number()),
  /** For pages of a document. */
  page: v.nullable(v.number()),
  document: v.nullable(v.string()),
});
export type BrowseRow = v.InferOutput<typeof BrowseRowSchema>;

export const BrowseSchema = v.object({
  generation: v.number(),
  /** Matching rows, independent of the offset. */
  total: v.number(),
  at: v.number(),
  rows: v.array(BrowseRowSchema),
});
export type BrowseDocument = v.InferOutput<typeof BrowseSchema>;

/** Where a searched text stands on pages, by the views of their labels; rows without a known place are left out. */
export const HitsSchema = v.object({
  generation: v.number(),
  rows: v.array(
    v.object({
      key: v.string(),
      /** Pixels of the upright page. */
      width: v.number(),
      height: v.number(),
      /** x1, y1, x2, y2; the first 200. */
      boxes: v.array(v.tuple([v.number(), v.number(), v.number(), v.number()])),
      /** Regions that hold the text. */
      hits: v.number(),
      /** Read by a view that nobody gave: the one that fits some labels of the partition. */
      is_guess: v.boolean(),
    }),
  ),
});
export type HitsDocument = v.InferOutput<typeof HitsSchema>;

const PointSchema = v.tuple([v.number(), v.number()]);

export const PageRegionSchema = v.object({
  /** In pixels of the upright page. */
  polygon: v.array(PointSchema),
  text: v.nullable(v.string()),
  category: v.nullable(v.string()),
  order: v.nullable(v.number()),
  group: v.nullable(v.string()),
  /** Index of the page in `images`. */
  image: v.number(),
  unreadable: v.boolean(),
  /** JSON paths of the objects in the label that say it: `$.words[3]`. */
  places: v.array(v.string()),
});
export type PageRegion = v.InferOutput<typeof PageRegionSchema>;

export const PageImageSchema = v.object({
  hash: v.string(),
  asset: v.string(),
  format: v.string(),
  /** Pixels of the upright page. */
  width: v.number(),
  height: v.number(),
  orientation: v.nullable(v.number()),
  source_name: v.nullable(v.string()),
  /** Which page of the file it is, from 0; of a file of several pages that was not split. */
  frame: v.number(),
});
export type PageImage = v.InferOutput<typeof PageImageSchema>;

const FaultSchema = v.object({ kind: v.string(), at: v.string(), message: v.string() });

/** A label interpreted by a view. */
export const PageLabelSchema = v.object({
  column: v.string(),
  /** The view's name, and whether it is an unconfirmed guess from the label. */
  view: v.string(),
  is_guess: v.boolean(),
  regions: v.array(PageRegionSchema),
  questions: v.array(
    v.object({ id: v.nullable(v.string()), question: v.string(), answers: v.array(v.string()) }),
  ),
  faults: v.array(FaultSchema),
});
export type PageLabel = v.InferOutput<typeof PageLabelSchema>;

/** Place in a document that was split into pages, counted from 1; keys of the rows before and after it. */
export const DocumentPlaceSchema = v.object({
  page: v.number(),
  pages: v.nullable(v.number()),
  before: v.nullable(v.string()),
  after: v.nullable(v.string()),
});
export type DocumentPlace = v.InferOutput<typeof DocumentPlaceSchema>;

export const PageSchema = v.object({
  generation: v.number(),
  ...RowKeyEntries,
  /** User columns in order; text unchanged, everything else as JSON. Long values are cut, see `cut`. */
  columns: v.array(v.object({ name: v.string(), type: v.string(), value: v.nullable(v.string()) })),
  cut: v.array(v.string()),
  images: v.array(PageImageSchema),
  /** Null without a label that can be interpreted. */
  label: v.nullable(PageLabelSchema),
  /** Rows of the dataset that show the same page. */
  others: v.array(v.object(RowKeyEntries)),
  document: v.nullable(DocumentPlaceSchema),
});
export type PageDocument = v.InferOutput<typeof PageSchema>;

const BarSchema = v.object({
  /** As in a filter `name=value` (schema/row-filter.ts): a text, or a range `10..20`. */
  value: v.string(),
  /** Rows that the filter would show, with the other filters of the query. */
  rows: v.number(),
});

/** Rows of a query by what they can be filtered by. */
export const StatisticsSchema = v.object({
  generation: v.number(),
  rows: v.number(),
  /** Rows with an image. */
  pages: v.number(),
  /** Labels that can be read, and what they hold by the views of their tasks, as far as that was counted. */
  labels: v.number(),
  regions: v.number(),
  characters: v.number(),
  words: v.number(),
  /** Rows of the selected partitions that have a view: those whose labels were counted, and the others. */
  rows_counted: v.number(),
  rows_uncounted: v.number(),
  /** Rows of the query with labels, pages too, and no view: nothing of them is counted. */
  rows_without_view: v.number(),
  /** Rows that meet the text and the filters, in each partition of the lake. */
  partitions: v.array(v.object({ ...PartitionKeySchema.entries, rows: v.number() })),
  /** By the names of filters; of values the most frequent 200. */
  bars: v.array(v.object({ name: v.string(), bars: v.array(BarSchema) })),
});
export type StatisticsDocument = v.InferOutput<typeof StatisticsSchema>;

/** Differences between the labels of two rows with the same page. */
export const DifferencesSchema = v.object({
  /** Both rows, as in GET /pages. */
  a: PageSchema,
  b: PageSchema,
  /** Regions in both, by index. */
  pairs: v.array(v.object({ a: v.number(), b: v.number(), iou: v.number() })),
  differences: v.array(DifferenceSchema),
});
export type DifferencesDocument = v.InferOutput<typeof DifferencesSchema>;
