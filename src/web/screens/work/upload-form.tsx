import { useState } from "preact/hooks";
import { usePartitions } from "../../api/use-partitions.ts";
import { texts } from "../../texts/texts.ts";
import { startUpload, type UploadWish } from "../../upload/running.ts";
import { MAX_ZIP_BYTES, MAX_ZIP_FILES, type ZippedFile } from "../../upload/zip.ts";
import { AnswerFields } from "./answer-fields.tsx";
import {
  type Answers,
  missingAnswers,
  parametersOfAnswers,
  suggestName,
  type TaxonomyDocument,
} from "./questions.ts";
import { answersOfParameters, inputName } from "./unfinished.ts";

export interface UploadFormProps {
  files: ZippedFile[];
  /** One that was begun before, and refused as it was. */
  goesOn: Pick<UploadWish, "parameters" | "goesOn"> | undefined;
  taxonomy: TaxonomyDocument;
  onClose(): void;
}

/** The questions of an upload. */
export function UploadForm({ files, goesOn, taxonomy, onClose }: UploadFormProps) {
  const { working, cancel } = texts();
  const partitions = usePartitions().partitions ?? [];
  const first = files[0] as ZippedFile;
  const [answers, setAnswers] = useState<Answers>(() => {
    const isTable = /\.(jsonl?|csv|tsv)(\.gz)?$/i.test(first.path);
    const suggested: Answers = {
      type: isTable && Object.keys(taxonomy.tasks).length > 0 ? "task" : "raw",
      provider: Object.keys(taxonomy.providers)[0] ?? "",
      dataset: suggestName(first.path),
      task: Object.keys(taxonomy.tasks)[0] ?? "",
      variant: "base",
      mode: "create",
      meta: {},
      license: "",
    };
    return goesOn === undefined ? suggested : answersOfParameters(goesOn.parameters, suggested);
  });
  const missing = missingAnswers(answers, taxonomy);
  const bytes = files.reduce((sum, { content }) => sum + content.size, 0);
  const isTooLarge = files.length > 1 && (bytes > MAX_ZIP_BYTES * 0.99 || files.length > MAX_ZIP_FILES);
  const submit = (event: Event) => {
    event.preventDefault();
    startUpload({
      files,
      parameters: parametersOfAnswers(answers, taxonomy, inputName(files)),
      ...(goesOn?.goesOn && { goesOn: goesOn.goesOn }),
    });
  };
  return (
    <form class="upload" onSubmit={submit}>
      <AnswerFields answers={answers} taxonomy={taxonomy} partitions={partitions} onAnswers={setAnswers} />
      {Object.keys(taxonomy.providers).length === 0 && <p class="problem">{working.noProvider}</p>}
      {isTooLarge && <p class="problem">{working.tooLarge}</p>}
      <div class="bar">
        <button type="submit" class="primary" disabled={missing.length > 0 || isTooLarge}>
          {working.send}
        </button>
        <button type="button" onClick={onClose}>
          {cancel}
        </button>
        {missing.length > 0 && <span class="quiet">{working.missing(missing.join(", "))}</span>}
      </div>
    </form>
  );
}
