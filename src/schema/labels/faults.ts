/** What can be wrong with a label, and what that costs. Reports count by these. */
export const FAULTS = {
  no_json: "the label is no JSON",
  no_items: "the label has nothing where the view looks for regions or questions",
  no_object: "a region is no object",
  no_page: "the size of the page is not known",
  page_unknown: "a region is on a page that the row does not have",
  no_size: "the size that the boxes were made at is not in the label",
  size_turned: "the label is of the page turned by 90 degrees",
  box_missing: "a region has no box",
  box_unreadable: "a box is not of the form of the view",
  box_rotated: "a box is turned by an angle",
  box_inverted: "a box ends before it begins",
  box_empty: "a box has no area",
  box_outside: "a box reaches outside of the page",
  text_no_string: "a text is no string",
  text_several: "a region has several texts",
  category_no_name: "a category is no name",
  category_several: "a region has several categories",
  category_unknown: "a category is not known",
  order_no_number: "a place in the reading order is no whole number",
  order_repeated: "two regions have the same place in the reading order",
  order_holes: "the reading order has holes",
  question_no_string: "a question or an answer is no string",
} as const;

export type FaultKind = keyof typeof FAULTS;
export const FAULT_KINDS = Object.keys(FAULTS) as FaultKind[];

/** What was found, and what to do where that is not plain. */
export interface Finding {
  kind: FaultKind;
  message: string;
}

export interface Fault extends Finding {
  /** Where in the label: `$.annotations[3]`. */
  at: string;
  /** Index of the region, where it could be read all the same. */
  region?: number;
  /** Of a region that could not be read: its page, as the label says it, and its text, which is lost with it. */
  page?: string | number | null;
  text?: string;
}
