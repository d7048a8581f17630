import { useState } from "preact/hooks";
import { usePartitions } from "../../api/use-partitions.ts";
import { texts } from "../../texts/texts.ts";
import { startUpload, type UploadWish } from "../../upload/running.ts";
import { MAX_ZIP_BYTES, MAX_ZIP_FILES, type ZippedFile } from "../../upload/zip.ts";
import { AnswerFields, questionName } from "./answer-fields.tsx";
import { existingPartitions } from "./existing-partitions.ts";
import {
  type Answers,
  isRejectLimit,
  mayHavePdfs,
  missingAnswers,
  parametersOfAnswers,
  suggestDataset,
  type TaxonomyDocument,
  tasksOf,
} from "./questions.ts";
import { answersOfParameters, inputName } from "./unfinished.ts";

export interface UploadFormProps {
  files: readonly ZippedFile[];
  /** One that was begun before, and refused as it was. */
  goesOn: Pick<UploadWish, "parameters" | "goesOn"> | undefined;
  taxonomy: TaxonomyDocument;
  /** A document needs a password, or another one. */
  isLocked: boolean;
  onClose(): void;
}

/** The questions of an upload. */
export function UploadForm({ files, goesOn, taxonomy, isLocked, onClose }: UploadFormProps) {
  const { working, cancel } = texts();
  const partitions = usePartitions().partitions ?? [];
  const first = files[0] as ZippedFile;
  const paths = files.map(({ path }) => path);
  const [answers, setAnswers] = useState<Answers>(() => {
    const isTable = /\.(jsonl?|csv|tsv)(\.gz)?$/i.test(first.path);
    const suggested: Answers = {
      type: isTable && tasksOf(taxonomy).length > 0 ? "task" : "raw",
      provider: Object.keys(taxonomy.providers)[0] ?? "",
      dataset: suggestDataset(paths),
      task: tasksOf(taxonomy)[0] ?? "",
      variant: "base",
      mode: "create",
      meta: {},
      license: "",
      maxRejects: "",
      splitPages: false,
      textLayer: false,
      splitFromFolder: false,
    };
    return goesOn === undefined ? suggested : answersOfParameters(goesOn.parameters, suggested);
  });
  const [password, setPassword] = useState("");
  const existing = existingPartitions(answers, partitions);
  const missing = missingAnswers(answers, taxonomy);
  const isLimit = isRejectLimit(answers.maxRejects);
  const bytes = files.reduce((sum, { content }) => sum + content.size, 0);
  const isTooLarge = files.length > 1 && (bytes > MAX_ZIP_BYTES * 0.99 || files.length > MAX_ZIP_FILES);
  const submit = (event: Event) => {
    event.preventDefault();
    const parameters = parametersOfAnswers(answers, taxonomy, inputName(files));
    if (files.length > 1) parameters.set("packed", "true");
    startUpload({
      files,
      parameters,
      password: answers.type === "raw" ? password : "",
      ...(goesOn?.goesOn && { goesOn: goesOn.goesOn }),
    });
  };
  return (
    <form class="upload" onSubmit={submit}>
      <AnswerFields {...{ answers, taxonomy, partitions, paths }} onAnswers={setAnswers} />
      {answers.type === "raw" && mayHavePdfs(paths) && (
        <details open={isLocked}>
          <summary>{working.hasPassword}</summary>
          <label class="field">
            <span>{working.password}</span>
            <input
              type="password"
              autocomplete="off"
              value={password}
              onInput={({ currentTarget }) => setPassword(currentTarget.value)}
            />
          </label>
        </details>
      )}
      <div aria-live="polite">
        {existing.length > 0 && <p class="problem">{working.exists(existing.join(", "))}</p>}
      </div>
      {Object.keys(taxonomy.providers).length === 0 && <p class="problem">{working.noProvider}</p>}
      {isTooLarge && <p class="problem">{working.tooLarge}</p>}
      <div class="bar">
        <button type="submit" class="primary" disabled={missing.length > 0 || isTooLarge || !isLimit}>
          {working.send}
        </button>
        <button type="button" onClick={onClose}>
          {cancel}
        </button>
        {missing.length > 0 && (
          <span class="quiet">{working.missing(missing.map(questionName).join(", "))}</span>
        )}
      </div>
    </form>
  );
}
