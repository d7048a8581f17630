import type { CatalogPartition } from "../../../schema/catalog-documents.ts";
import { filterName } from "../../texts/filter-texts.ts";
import { texts } from "../../texts/texts.ts";
import {
  type Answers,
  knownNames,
  mayHavePdfs,
  mayHaveSplits,
  mayHaveTiffs,
  type TaxonomyDocument,
  tasksOf,
} from "./questions.ts";
import { RejectLimitField } from "./reject-limit-field.tsx";

export interface AnswerFieldsProps {
  answers: Answers;
  taxonomy: TaxonomyDocument;
  partitions: readonly CatalogPartition[];
  /** Of what is uploaded. */
  paths: readonly string[];
  onAnswers(answers: Answers): void;
}

/** What a question is called: a field of a task by its own name too. */
export function questionName(name: string): string {
  const { facets } = texts();
  const own = {
    provider: facets.providers,
    dataset: facets.datasets,
    task: facets.tasks,
    variant: facets.variants,
  };
  if (Object.hasOwn(own, name)) return own[name as keyof typeof own];
  const called = filterName(name);
  return called === name ? name : `${called} (${name})`;
}

/** The questions of the terminal: what it is, where it goes, the fields that its task requires. */
export function AnswerFields({ answers, taxonomy, partitions, paths, onAnswers }: AnswerFieldsProps) {
  const { working, facets } = texts();
  const { type, provider, dataset, task, variant, mode, meta, license, maxRejects } = answers;
  const known = knownNames(partitions, answers);
  const set = (change: Partial<Answers>) => onAnswers({ ...answers, ...change });
  const select = (
    label: string,
    value: string,
    choices: readonly [string, string][],
    onChoose: (one: string) => void,
  ) => (
    <label class="field">
      <span>{label}</span>
      <select value={value} onChange={({ currentTarget }) => onChoose(currentTarget.value)}>
        {choices.map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
  const named = (
    label: string,
    value: string,
    id: string,
    names: readonly string[],
    onName: (name: string) => void,
  ) => (
    <label class="field">
      <span>{label}</span>
      <input
        value={value}
        list={id}
        spellcheck={false}
        onInput={({ currentTarget }) => onName(currentTarget.value)}
      />
      <datalist id={id}>
        {names.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </label>
  );
  const choice = (label: string, name: "splitPages" | "textLayer" | "splitFromFolder") => (
    <label class="choice">
      <input
        type="checkbox"
        checked={answers[name]}
        onChange={({ currentTarget }) => set({ [name]: currentTarget.checked })}
      />
      <span>{label}</span>
    </label>
  );
  const plain = (names: readonly string[]) => names.map((name): [string, string] => [name, name]);
  const modes = (["create", "append", "replace"] as const).map((one): [string, string] => [
    one,
    working.modes[one],
  ]);
  return (
    <div class="fields">
      {select(
        working.type,
        type,
        [
          ["raw", working.raw],
          ["task", working.labels],
        ],
        (one) => set({ type: one as Answers["type"] }),
      )}
      {select(facets.providers, provider, plain(Object.keys(taxonomy.providers)), (one) =>
        set({ provider: one }),
      )}
      {named(facets.datasets, dataset, "known-datasets", known.datasets, (name) => set({ dataset: name }))}
      {type === "task" && select(facets.tasks, task, plain(tasksOf(taxonomy)), (one) => set({ task: one }))}
      {type === "task" &&
        named(facets.variants, variant, "known-variants", known.variants, (name) => set({ variant: name }))}
      {type === "task" &&
        (taxonomy.tasks[task]?.required ?? []).map((field) => {
          const allowed = taxonomy.tasks[task]?.allow[field];
          const choose = (value: string) => set({ meta: { ...meta, [field]: value } });
          return allowed
            ? select(questionName(field), meta[field] ?? "", [["", "—"], ...plain(allowed)], choose)
            : named(questionName(field), meta[field] ?? "", `field-${field}`, [], choose);
        })}
      {select(working.mode, mode, modes, (one) => set({ mode: one as Answers["mode"] }))}
      <RejectLimitField value={maxRejects} onValue={(limit) => set({ maxRejects: limit })} />
      {named(working.license, license, "known-licenses", known.licenses, (name) => set({ license: name }))}
      {type === "raw" && mayHaveTiffs(paths) && choice(working.splitPages, "splitPages")}
      {type === "raw" && mayHavePdfs(paths) && choice(working.textLayer, "textLayer")}
      {mayHaveSplits(paths) && choice(working.splitFromFolder, "splitFromFolder")}
    </div>
  );
}
