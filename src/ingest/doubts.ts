import { REFERENCE_COLUMNS } from "../schema/columns.ts";
import { SPLIT_COLUMN } from "./collection/split-folders.ts";
import type { ColumnRoles } from "./roles.ts";
import type { UploadRequest } from "./upload-plan.ts";

/**
 * What an upload becomes where its person may have meant the other type: rows may be texts, or images of a task whose
 * fields are the labels, so it is taken; who chose wrongly would else miss it when the first label is looked at.
 */
export function doubts(request: UploadRequest, roles: ColumnRoles): string[] {
  if (roles.contents.length === 0)
    return request.type === "task" ? pagelessLabels(roles) : lonelyLabels(roles);
  return request.type === "task" && !request.pages?.text_layer ? unlabelledImages(roles) : [];
}

function pagelessLabels({ reference }: ColumnRoles): string[] {
  if (reference !== null) return [];
  return [`no column says which page a row belongs to (${REFERENCE_COLUMNS.join(", ")}): the rows have none`];
}

/** The others by which a label may name its page are common in texts. */
const NAMES_OF_PAGES = ["source_name", "source_stem"];

/** Rows of a raw upload that name pages. */
function lonelyLabels({ kept }: ColumnRoles): string[] {
  const naming = kept.find(({ source }) => NAMES_OF_PAGES.includes(source.name.toLowerCase()));
  if (naming === undefined) return [];
  return [
    `the rows have no images: as raw data they are texts of their own, not labels of the pages that ${naming.source.name} names; labels go with --type task`,
  ];
}

/** Images of a task, and nothing that says anything of them. */
function unlabelledImages({ kept }: ColumnRoles): string[] {
  if (kept.some(({ name }) => name !== SPLIT_COLUMN)) return [];
  return [
    "the images have no labels: no file or column says anything of them; pages go with --type raw, and their labels to the task",
  ];
}
