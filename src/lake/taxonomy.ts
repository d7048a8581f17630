import { readFile } from "node:fs/promises";
import * as v from "valibot";
import type { Document, LineCounter, YAMLMap } from "yaml";
import { AppError } from "../errors.ts";
import { checkValue } from "../schema/check.ts";
import { type Taxonomy, TaxonomySchema } from "../schema/taxonomy.ts";
import { isMissing } from "./files.ts";
import type { Lake } from "./lake.ts";
import { waitForLease } from "./lease.ts";
import { writeAtomic } from "./replace.ts";
import { readReplaced } from "./replaced.ts";

/** An edit takes milliseconds: a holder silent for so long is dead, wherever it ran. */

/**
 * The providers and tasks of `config/schema.yaml`. Throws `invalid_schema` naming file, line and key, and `no_lake`
 * when there is no such file.
 */
export async function readTaxonomy(lake: Lake): Promise<Taxonomy> {
  return (await readDocument(lake)).taxonomy;
}

/**
 * Replaces the taxonomy by what `edit` makes of it, in one step, and gives the new one. Comments, order and what was
 * not changed stay as they are. Editors wait for each other; throws `locked` when one does not end, and what
 * `readTaxonomy` throws.
 */
export async function editTaxonomy(
  lake: Lake,
  edit: (taxonomy: Taxonomy) => Taxonomy | Promise<Taxonomy>,
): Promise<Taxonomy> {
  const lock = await waitForLease(lake.layout.taxonomyLock, { purpose: "datalake config" });
  try {
    const { document, taxonomy } = await readDocument(lake);
    const { applyTaxonomy } = await import("./taxonomy-document.ts");
    applyTaxonomy(document, taxonomy, await edit(structuredClone(taxonomy)));
    const text = document.toString({ lineWidth: 120 });
    const edited = (await parseTaxonomy(lake.layout.taxonomy, text)).taxonomy;
    if (lock.lost.aborted) {
      throw new AppError("locked", `${lake.layout.taxonomy} was changed by another meanwhile; try again`);
    }
    await writeAtomic(lake.layout.taxonomy, text, lake.modes);
    return edited;
  } finally {
    await lock.release();
  }
}

interface ParsedTaxonomy {
  document: Document;
  taxonomy: Taxonomy;
}

async function readDocument(lake: Lake): Promise<ParsedTaxonomy> {
  const path = lake.layout.taxonomy;
  let text: string;
  try {
    text = await readReplaced(path, () => readFile(path, "utf8"));
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new AppError("no_lake", `${path} is missing; make it with \`datalake init\``, {
      details: { path },
      cause: error,
    });
  }
  return parseTaxonomy(path, text);
}

async function parseTaxonomy(path: string, text: string): Promise<ParsedTaxonomy> {
  const { LineCounter, isMap, parseDocument } = await import("yaml");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problem = document.errors[0];
  if (problem) {
    const blanks = /^\s*/.exec(text.slice(problem.pos[0]))?.[0].length ?? 0;
    const { line } = lines.linePos(problem.pos[0] + blanks);
    throw invalid(path, line, "", problem.message, problem);
  }
  if (document.contents !== null && !isMap(document.contents)) {
    throw invalid(path, 1, "", "does not hold `providers:` and `tasks:`", undefined);
  }
  const result = checkValue(TaxonomySchema, document.toJS() ?? {});
  if (result.success) return { document, taxonomy: result.output };
  const issue = result.issues[0];
  const keys = (issue.path ?? []).map((item) => item.key);
  const unknown = issue.kind === "schema" && issue.expected === "never";
  const message = unknown ? "is not known here" : issue.message;
  throw invalid(path, lineOf(document, lines, keys), v.getDotPath(issue) ?? "", message, undefined);
}

function invalid(path: string, line: number, key: string, message: string, cause: unknown): AppError {
  const where = `${path}, line ${line}${key === "" ? "" : `, ${key}`}`;
  return new AppError("invalid_schema", `${where}: ${message}; correct the file`, {
    details: { path, line, ...(key === "" ? {} : { key }) },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The line (from 1) of the deepest key on the way that stands in the file. */
function lineOf(document: Document, lines: LineCounter, keys: readonly unknown[]): number {
  let offset = 0;
  let node: unknown = document.contents;
  for (const key of keys) {
    const pairs = (node as YAMLMap | null)?.items;
    if (!Array.isArray(pairs)) break;
    const pair: unknown = typeof key === "number" ? pairs[key] : pairs.find((one) => keyOf(one) === key);
    if (pair === undefined) break;
    const isPair = typeof pair === "object" && pair !== null && "key" in pair;
    offset = startOf(isPair ? pair.key : pair) ?? offset;
    node = isPair && "value" in pair ? pair.value : pair;
  }
  return lines.linePos(offset).line;
}

function keyOf(pair: { key?: unknown }): string {
  const key = pair.key;
  return String(typeof key === "object" && key !== null && "value" in key ? key.value : key);
}

function startOf(node: unknown): number | undefined {
  const range = (node as { range?: [number, number, number] | null } | null)?.range;
  return range?.[0];
}
