import * as v from "valibot";
import { ENGINE_NAMES } from "./engines.ts";
import { DifferenceSchema } from "./label-compare.ts";
import { ROLES } from "./token.ts";

/** What the page in the browser asks of a server; also in /openapi.json. */

export const SessionSchema = v.object({
  /** Name of the lake's folder. */
  lake: v.string(),
  version: v.string(),
  /** Whether a token has to be given: not where none is needed, or after it was. */
  login: v.picklist(["none", "needed", "done"]),
  /** Of the token; null where nobody is known. */
  name: v.nullable(v.string()),
  role: v.nullable(v.picklist(ROLES)),
  engines: v.array(v.picklist(ENGINE_NAMES)),
});
export type SessionDocument = v.InferOutput<typeof SessionSchema>;

/** A row by what stays the same of it whatever else is in the lake. */
const RowKeyEntries = {
  /** `provider/dataset/task/variant/upload_id/source_row`, each part as in a URL. */
  key: v.string(),
  provider: v.string(),
  dataset: v.string(),
  task: v.string(),
  variant: v.string(),
  upload_id: v.nullable(v.string()),
  source_row: v.nullable(v.number()),
  source_name: v.nullable(v.string()),
};

export const BrowseRowSchema = v.object({
  ...RowKeyEntries,
  /** SHA-256 of the stored image, and its path for GET /assets; null of a row without one. */
  hash: v.nullable(v.string()),
  asset: v.nullable(v.string()),
  format: v.nullable(v.string()),
  width: v.nullable(v.number()),
  height: v.nullable(v.number()),
  pages: v.nullable(v.number()),
  /** Of a page of a document. */
  page: v.nullable(v.number()),
  document: v.nullable(v.string()),
});
export type BrowseRow = v.InferOutput<typeof BrowseRowSchema>;

export const BrowseSchema = v.object({
  generation: v.number(),
  /** Rows that the query means, wherever the answer begins. */
  total: v.number(),
  at: v.number(),
  rows: v.array(BrowseRowSchema),
});
export type BrowseDocument = v.InferOutput<typeof BrowseSchema>;

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
});
export type PageImage = v.InferOutput<typeof PageImageSchema>;

const FaultSchema = v.object({ kind: v.string(), at: v.string(), message: v.string() });

/** What a label says, read by a view. */
export const PageLabelSchema = v.object({
  column: v.string(),
  /** Name of the view, and whether it is a guess of the label by itself that nobody has confirmed. */
  view: v.string(),
  is_guess: v.boolean(),
  regions: v.array(PageRegionSchema),
  questions: v.array(
    v.object({ id: v.nullable(v.string()), question: v.string(), answers: v.array(v.string()) }),
  ),
  faults: v.array(FaultSchema),
});
export type PageLabel = v.InferOutput<typeof PageLabelSchema>;

export const PageSchema = v.object({
  generation: v.number(),
  ...RowKeyEntries,
  /** The row's own columns, in order; texts as they are, all else as JSON. Long ones are cut, see `cut`. */
  columns: v.array(v.object({ name: v.string(), type: v.string(), value: v.nullable(v.string()) })),
  /** Names of columns whose values are cut here. */
  cut: v.array(v.string()),
  images: v.array(PageImageSchema),
  /** Null where the row has no label, or none that is understood. */
  label: v.nullable(PageLabelSchema),
  /** Rows of the dataset that show the same page. */
  others: v.array(v.object(RowKeyEntries)),
});
export type PageDocument = v.InferOutput<typeof PageSchema>;

const BarSchema = v.object({
  /** What is counted: a category, or where a range begins. */
  name: v.string(),
  count: v.number(),
});

export const StatisticsSchema = v.object({
  generation: v.number(),
  /** Of the rows that were read: all of them, or a sample that is spread over the selection. */
  rows_read: v.number(),
  rows: v.number(),
  pages: v.number(),
  labels: v.number(),
  regions: v.number(),
  characters: v.number(),
  words: v.number(),
  formats: v.array(BarSchema),
  /** By megapixels of the page. */
  sizes: v.array(BarSchema),
  regions_per_page: v.array(BarSchema),
  text_length: v.array(BarSchema),
  categories: v.array(BarSchema),
  scripts: v.array(BarSchema),
});
export type StatisticsDocument = v.InferOutput<typeof StatisticsSchema>;

/** What differs between the labels of two rows that show the same page. */
export const DifferencesSchema = v.object({
  /** Both rows, as of GET /pages. */
  a: PageSchema,
  b: PageSchema,
  /** Regions that are in both, by index. */
  pairs: v.array(v.object({ a: v.number(), b: v.number(), iou: v.number() })),
  differences: v.array(DifferenceSchema),
});
export type DifferencesDocument = v.InferOutput<typeof DifferencesSchema>;
