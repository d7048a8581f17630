import * as v from "valibot";
import { AppError } from "../errors.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import { checkValue } from "../schema/check.ts";
import { factColumns, isOwn } from "../schema/image-columns.ts";
import { parseName } from "../schema/names.ts";
import { standInType } from "../schema/open-types.ts";
import {
  DEFAULT_PAGES,
  DOCUMENT_COLUMN,
  PAGE_COLUMN,
  type PageWishes,
  pageResultColumns,
} from "../schema/pages.ts";
import { RAW_TASK } from "../schema/partition.ts";
import type { Taxonomy } from "../schema/taxonomy.ts";
import { LicenseSchema } from "../schema/upload.ts";
import { meetMixedJson } from "./append-json.ts";
import { lostLabels, meetHeldLabels } from "./append-labels.ts";
import { asOffered, columnsOfNulls, fitTypes, numbersAsText } from "./append-types.ts";
import { readAsJson } from "./as-json.ts";
import { readAsWritten } from "./as-written.ts";
import { storedNames } from "./column-names.ts";
import { doubts } from "./doubts.ts";
import { fittingFeatures } from "./features.ts";
import { heldNotices } from "./held-rows.ts";
import type { Input, ReaderContext } from "./input.ts";
import { checkFields, requirePlace, requireTask, requireView } from "./lake-checks.ts";
import { notNumberNotices } from "./not-numbers.ts";
import { plainColumn } from "./plain-types.ts";
import { checkRejectLimit } from "./reject-limit.ts";
import { assignRoles, type ColumnRoles, rawVariant } from "./roles.ts";
import { explainStaged, waitingNotices } from "./staged-already.ts";
import { finerColumns } from "./times.ts";
import type { UploadDestination } from "./upload-destination.ts";
import type { PlannedColumn, UploadPlan, UploadRequest } from "./upload-plan.ts";
import { refuseOutsideValues } from "./value-ranges.ts";
import { stagedFact } from "./write-rows.ts";

/**
 * Decides what an upload of `input` means, and refuses what cannot be: names, provider, task, its fields, the mode, the
 * columns, raw data that rows refer to. Throws `usage`, `not_found`, `invalid_name`, `invalid_input`, `empty_input`,
 * `type_mismatch` or `partition_exists`, before anything is staged.
 */
export async function planUpload(
  request: UploadRequest,
  input: Input,
  deps: { target: UploadDestination; database: ReaderContext["database"] },
): Promise<UploadPlan> {
  const { provider, dataset, target, meta } = planPlace(request, await deps.target.taxonomy());
  if (input.rowCount === 0) {
    throw new AppError("empty_input", `${input.path} has no rows; there is nothing to upload`, {
      details: { path: input.path },
    });
  }
  const names = storedNames(input.columns.map((column) => column.name));
  const roles = assignRoles(input, names, request.type, request.variant);
  const variant = target.variant ?? rawVariant(roles, request.variant);
  const key = { provider, dataset, task: target.task, variant };
  if (request.strict) requireView(await deps.target.taxonomy(), key);
  const { kept, notices } = await planColumns(input, roles, deps.database);
  const pages = roles.contents.some(({ source }) => source.page !== undefined)
    ? (request.pages ?? DEFAULT_PAGES)
    : undefined;
  const columns = [
    ...kept,
    ...extraColumns(kept, roles, meta),
    ...(pages ? pageColumns(kept, roles, pages) : []),
  ];
  const check = { key, mode: request.mode, refersToRaw: roles.reference !== null };
  // Those of further images too: a list cannot be added to single ones.
  const facts = roles.contents.filter((column) => !isOwn(column)).flatMap(factColumns);
  const offer = { input, mode: request.mode, database: deps.database };
  const fit = await fitTypes(columns, offer, async (offered) => {
    const asked = { ...check, columns: [...offered, ...facts] };
    return deps.target.check(asked).catch((error) => {
      throw explainStaged(error, input.rowCount, asked);
    });
  }).catch((error) => {
    const written = readAsJson(input, columns, error) ?? readAsWritten(input, columns, error);
    if (written === undefined) throw error;
    return written;
  });
  if (!("fitted" in fit)) return planUpload(request, fit, deps);
  const { fitted, answer } = fit;
  const checked = { ...check, columns: [...fitted.map(asOffered), ...facts] };
  const own = fittingFeatures(input.features, kept);
  const emptyOf = (asked: readonly PlannedColumn[]) => columnsOfNulls(asked, offer);
  const beside = { key, input, held: answer.columns, heldFeatures: answer.features, emptyOf };
  const mixed = await meetMixedJson({ ...beside, columns: fitted, features: own });
  const { features } = mixed;
  const met = await meetHeldLabels({ ...beside, ...mixed });
  return {
    input,
    request,
    key,
    check: checked,
    columns: mixed.columns,
    features,
    contents: roles.contents,
    contentKind: roles.contents[0]?.source.kind ?? null,
    textColumn: roles.textColumn,
    reference: roles.reference,
    pages,
    notices: [
      ...input.notices,
      ...roles.notices,
      ...notices,
      ...lostLabels(input.features, kept, features),
      ...numbersAsText(columns, fitted),
      ...mixed.notices,
      ...met,
      ...doubts(request, roles),
      ...answer.notices,
      ...waitingNotices(answer.waiting, input.rowCount, checked),
      ...(await heldNotices(input, roles, checked, deps)),
    ],
  };
}

/**
 * Where an upload goes, as far as it is known without its input. Throws `usage`, `invalid_name`, `not_found` and
 * `name_clash` for what the lake does not have.
 */
export function planPlace(request: UploadRequest, taxonomy: Taxonomy) {
  checkRejectLimit(request.maxRejects);
  checkLicense(request.license);
  const provider = parseName("provider", request.provider);
  const dataset = parseName("dataset", request.dataset);
  const target = planTarget(request);
  const meta = request.meta ?? {};
  requirePlace(taxonomy, { provider, meta, ...(request.type === "task" && { task: target.task }) });
  if (request.type === "task") checkFields(target.task, requireTask(taxonomy, target.task), meta);
  return { provider, dataset, target, meta };
}

/** Which page a row is, and what processing fills in. */
function pageColumns(kept: readonly PlannedColumn[], roles: ColumnRoles, pages: PageWishes): PlannedColumn[] {
  const page = roles.contents[0]?.source.page ?? "NULL";
  const planned = (name: string, type: string, expression: string): PlannedColumn => {
    const same = kept.find((column) => column.name === name);
    if (same === undefined) return { source: name, name, type, expression };
    throw new AppError(
      "invalid_input",
      `the input has a column ${same.source}, which is what the lake says of pages of documents; rename or remove it`,
      { details: { column: same.source } },
    );
  };
  return [
    planned(DOCUMENT_COLUMN.name, DOCUMENT_COLUMN.type, stagedFact("document", 0)),
    planned(PAGE_COLUMN.name, PAGE_COLUMN.type, `CAST(${page} AS ${PAGE_COLUMN.type})`),
    ...pageResultColumns(pages).map(({ name, type }) => planned(name, type, `CAST(NULL AS ${type})`)),
  ];
}

function checkLicense(license: string | undefined): void {
  const checked = checkValue(v.optional(LicenseSchema), license || undefined);
  if (checked.success) return;
  throw new AppError("usage", `--license ${checked.issues[0].message}; write for example CC-BY-4.0`);
}

function planTarget(request: UploadRequest): { task: string; variant: string | undefined } {
  if (request.type === "raw") {
    if (request.task !== undefined && request.task !== RAW_TASK) {
      throw new AppError("usage", "--task requires --type task; leave it out, or upload with --type task");
    }
    const [field] = Object.keys(request.meta ?? {});
    if (field !== undefined) {
      throw new AppError(
        "usage",
        `--meta ${field} requires --type task; raw data has no task fields: leave it out`,
      );
    }
    return { task: RAW_TASK, variant: undefined };
  }
  if (request.task === undefined) throw new AppError("usage", "a task upload needs --task NAME");
  if (request.variant === undefined) throw new AppError("usage", "a task upload needs --variant NAME");
  if (request.task === RAW_TASK) throw new AppError("usage", "the task raw is uploaded with --type raw");
  return { task: parseName("task", request.task), variant: parseName("variant", request.variant) };
}

async function planColumns(
  input: Input,
  roles: ColumnRoles,
  database: ReaderContext["database"],
): Promise<{ kept: PlannedColumn[]; notices: string[] }> {
  const given = roles.kept.map(({ source }) => source);
  await refuseOutsideValues(given, input, database);
  const finer = await finerColumns(given, input, database);
  const kept = roles.kept.map(({ source, name }) => {
    const isOpen = source.type === "NULL" || source.isOpen === true;
    const sourceType = source.type === "NULL" ? "VARCHAR" : source.type;
    const expression = source.type === "NULL" ? "NULL" : quoteName(source.name);
    const plain = plainColumn(source.name, sourceType, expression, finer.has(source.name));
    const type = isOpen ? standInType(plain.type) : plain.type;
    return {
      source: source.name,
      name,
      type,
      expression: `CAST(${plain.expression} AS ${type})`,
      ...(isOpen && { isOpen }),
    };
  });
  const notices = Array.from(
    finer,
    (name) => `the times of ${name} are kept as text: they are finer than microseconds`,
  );
  return { kept, notices: [...notices, ...(await notNumberNotices(given, input, database))] };
}

/** Task fields as constants, and the text that a mixed upload brings along. */
function extraColumns(
  kept: readonly PlannedColumn[],
  roles: ColumnRoles,
  meta: Readonly<Record<string, string>>,
): PlannedColumn[] {
  const extra: PlannedColumn[] = Object.entries(meta).map(([name, value]) => ({
    source: name,
    name,
    type: "VARCHAR",
    expression: quoteText(value),
  }));
  if (roles.textColumn) {
    extra.unshift({
      source: roles.textColumn,
      name: roles.textColumn,
      type: "VARCHAR",
      expression: stagedFact("text", 0),
    });
  }
  for (const { name } of extra) {
    const same = kept.find((column) => column.name === name);
    if (!same) continue;
    throw new AppError(
      "invalid_input",
      `the input has a column ${same.source}, which has the name of the task's field ${name}; rename or remove the column`,
      { details: { column: same.source } },
    );
  }
  return extra;
}
