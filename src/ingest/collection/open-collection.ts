import { AppError } from "../../errors.ts";
import { quoteName } from "../../query/sql.ts";
import type { Input, InputContext } from "../input.ts";
import { INPUT_HELP, refused } from "../refusals.ts";
import { type CollectionPlace, findFiles, type Given } from "./found-files.ts";
import { areLabels, openLabels } from "./labels.ts";
import { openDescribed } from "./metadata.ts";
import { openPages } from "./pages.ts";
import { openFoundTables } from "./tables.ts";

/**
 * Opens files, folders and zips together, with what is in them: metadata of images; else images and documents, one row a
 * page, with the JSON label of each where there are any; else labels alone, one row each; else tables of one format.
 * Throws `unsupported_format` where there is nothing of it, `invalid_input` for zips that nobody should unpack.
 */
export async function openCollection(
  given: readonly Given[],
  place: CollectionPlace,
  context: InputContext,
): Promise<Input> {
  const found = await findFiles(given, context);
  try {
    if (context.splitFromFolder === true && found.count("metadata") + found.count("table") > 0) {
      throw new AppError(
        "usage",
        "--split-from-folder is for images, documents and labels without tables; leave it out",
      );
    }
    const pages = found.count("image") + found.count("document");
    if (found.count("metadata") > 0 && found.count("image") > 0)
      return await openDescribed(found, place, context);
    if (pages > 0) return await openPages(found, place, context);
    const tables = found.count("table") + found.count("metadata");
    if (tables === 0 && (await areLabels(found, place, context)))
      return await openLabels(found, place, context);
    if (tables + found.count("json") > 0) return await openFoundTables(found, place, context);
    const foreign = found.leftOut.foreignFiles();
    const what =
      foreign === undefined ? `nothing that can be uploaded; give ${INPUT_HELP}` : `only ${foreign}`;
    throw refused(place.path, `${place.path} holds ${what}`);
  } finally {
    await context.database.run(`DROP TABLE ${quoteName(found.table)}`);
  }
}
