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

/** Reads `config/schema.yaml`. Throws `invalid_schema` naming file, line and key, `no_lake` if missing. */
export async function readTaxonomy(lake: Lake): Promise<Taxonomy> {
  const { taxonomy } = lake.layout;
  const { value } = await seeWhole(lake.view, taxonomy, () => lookAtTaxonomy(taxonomy, taxonomy));
  return value.taxonomy;
}

/**
 * Replaces the taxonomy atomically by the result of `edit` and returns it. Comments, order and unchanged
 * parts stay. Editors wait for each other and always edit the newest state (`editFile`); throws `locked` if
 * another editor does not finish, and what `readTaxonomy` throws.
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
    body: string;
    taxonomy: Taxonomy;
  };
}

/** For an edit: reads a lagging file through a new hard link if supported; new names have no stale state. */
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
        // SMB: this machine has the same file open by its own name, which is then up to date.
        if (systemCode(error) !== "EINVAL") throw error;
      }
    }
    return await lookAtTaxonomy(path, path);
  } finally {
    if (isLinked) await removeTree(other);
  }
}

/** Reads `file`, reporting it as `path`. */
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
      // An unmarked text is accepted if it parses, otherwise if it stays the same.
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

/** Line (from 1) of the deepest existing key of a path. */
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
