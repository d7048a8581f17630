import { link } from "node:fs/promises";
import * as v from "valibot";
import type { Document, LineCounter, YAMLMap } from "yaml";
import { AppError, systemCode } from "../errors.ts";
import { checkValue } from "../schema/check.ts";
import { type Taxonomy, TaxonomySchema } from "../schema/taxonomy.ts";
import { editFile } from "./edit-file.ts";
import { judgeText, markText, unmarkText } from "./end-mark.ts";
import { isMissing, removeTree } from "./files.ts";
import type { Lake } from "./lake.ts";
import { readRegular } from "./regular-file.ts";
import { tempBeside } from "./replace.ts";
import { readReplaced } from "./replaced.ts";
import { type Look, seeWhole } from "./view.ts";

/**
 * The providers and tasks of `config/schema.yaml`. Throws `invalid_schema` naming file, line and key, and `no_lake`
 * when there is no such file.
 */
export async function readTaxonomy(lake: Lake): Promise<Taxonomy> {
  const { taxonomy } = lake.layout;
  const { value } = await seeWhole(lake.view, taxonomy, () => lookAtTaxonomy(taxonomy, taxonomy));
  return value.taxonomy;
}

/**
 * Replaces the taxonomy by what `edit` makes of it, in one step, and gives the new one. Comments, order and what
 * was not changed stay as they are. Editors wait for each other, and none edits another state than the newest
 * (`editFile`); throws `locked` when one does not end, and what `readTaxonomy` throws.
 */
export async function editTaxonomy(
  lake: Lake,
  edit: (taxonomy: Taxonomy) => Taxonomy | Promise<Taxonomy>,
  look: typeof lookAtNewest = lookAtNewest,
): Promise<Taxonomy> {
  const { taxonomy: path, taxonomyLock: lock, taxonomySuccessor: successor } = lake.layout;
  const { modes, view } = lake;
  const file = { path, lock, successor, modes, view, purpose: "datalake config", look: () => look(lake) };
  return editFile(file, async ({ body, taxonomy }) => {
    const document = (await parseTaxonomy(path, body)).document;
    const { applyTaxonomy } = await import("./taxonomy-document.ts");
    applyTaxonomy(document, taxonomy, await edit(structuredClone(taxonomy)));
    const text = markText(document.toString({ lineWidth: 120 }));
    return { text, result: (await parseTaxonomy(path, text)).taxonomy };
  });
}

interface SeenTaxonomy {
  text: string;
  value: {
    /** The text without the lines that say that it is whole. */
    body: string;
    taxonomy: Taxonomy;
  };
}

/**
 * For an edit: a mount that shows an old state of a name has none of a new one, so a lagging file is read by a second
 * name of its own, where the file system has such.
 */
export async function lookAtNewest(lake: Lake): Promise<Look<SeenTaxonomy>> {
  const path = lake.layout.taxonomy;
  if (!(await lake.view.mayLag(path))) return lookAtTaxonomy(path, path);
  const other = tempBeside(path);
  const isLinked = await link(path, other).then(
    () => true,
    () => false,
  );
  try {
    if (isLinked) {
      try {
        return await lookAtTaxonomy(other, path);
      } catch (error) {
        // SMB: this machine has the very file open by its own name, which then shows it as it is.
        if (systemCode(error) !== "EINVAL") throw error;
      }
    }
    return await lookAtTaxonomy(path, path);
  } finally {
    if (isLinked) await removeTree(other);
  }
}

/** Reads `file`, and tells of it as `path`. */
async function lookAtTaxonomy(file: string, path: string): Promise<Look<SeenTaxonomy>> {
  let text: string;
  try {
    text = await readReplaced(file, () => readRegular(file));
  } catch (error) {
    if (!isMissing(error)) throw error;
    const noLake = new AppError("no_lake", `${path} is missing; create it with \`datalake init\``, {
      details: { path },
      cause: error,
    });
    return { isWhole: false, problem: "is not seen", settles: true, asSeen: () => Promise.reject(noLake) };
  }
  const parse = async () => {
    const { taxonomy } = await parseTaxonomy(path, text);
    return { text, value: { body: unmarkText(text), taxonomy } };
  };
  switch (judgeText(text)) {
    case "marked":
      return { isWhole: true, value: await parse() };
    case "cut":
      return { isWhole: false, problem: "is seen without its last line, `# end of the file`", asSeen: parse };
    case "unmarked":
      // A text that says nothing of its end is believed when it makes sense, and else when it stays as it is.
      return parse().then(
        (value) => ({ isWhole: true, value }),
        (error) => ({
          isWhole: false,
          problem: "is seen with an error in it",
          settles: true,
          asSeen: () => Promise.reject(error),
        }),
      );
  }
}

interface ParsedTaxonomy {
  document: Document;
  taxonomy: Taxonomy;
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
    throw invalid(path, 1, "", "does not contain `providers:` and `tasks:`", undefined);
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

/** The line (from 1) of the deepest key on the way that is in the file. */
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
