import { useEffect, useRef, useState } from "preact/hooks";
import { isAbort, type RequestFailure, request } from "../../api/request.ts";
import { usePartitions } from "../../api/use-partitions.ts";
import { Progress } from "../../parts/progress.tsx";
import { formatNumber, texts } from "../../texts/texts.ts";
import { type StagedUpload, sendUpload } from "../../upload/send.ts";
import { MAX_ZIP_BYTES, MAX_ZIP_FILES, type ZippedFile, zipFiles } from "../../upload/zip.ts";
import { AnswerFields } from "./answer-fields.tsx";
import {
  type Answers,
  missingAnswers,
  parametersOfAnswers,
  suggestName,
  type TaxonomyDocument,
} from "./questions.ts";

export interface UploadFormProps {
  files: ZippedFile[];
  taxonomy: TaxonomyDocument;
  onDone(): void;
  onClose(): void;
}

type Way =
  | { at: "questions" }
  | { at: "packing"; done: number; total: number }
  | { at: "sending"; done: number; total: number }
  | { at: "done"; staged: StagedUpload };

/** The questions of an upload, its way to the server, and what came of it. */
export function UploadForm({ files, taxonomy, onDone, onClose }: UploadFormProps) {
  const { working, cancel, close, unreachable } = texts();
  const partitions = usePartitions().partitions ?? [];
  const first = files[0] as ZippedFile;
  const [answers, setAnswers] = useState<Answers>(() => ({
    type:
      /\.(jsonl?|csv|tsv)(\.gz)?$/i.test(first.path) && Object.keys(taxonomy.tasks).length > 0
        ? "task"
        : "raw",
    provider: Object.keys(taxonomy.providers)[0] ?? "",
    dataset: suggestName(first.path),
    task: Object.keys(taxonomy.tasks)[0] ?? "",
    variant: "base",
    mode: "create",
    meta: {},
  }));
  const [way, setWay] = useState<Way>({ at: "questions" });
  const [problem, setProblem] = useState<string>();
  const stop = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => stop.current?.abort(), []);
  const missing = missingAnswers(answers, taxonomy);
  const bytes = files.reduce((sum, { content }) => sum + content.size, 0);
  const isTooLarge = files.length > 1 && (bytes > MAX_ZIP_BYTES * 0.99 || files.length > MAX_ZIP_FILES);
  const send = async () => {
    const controller = new AbortController();
    stop.current = controller;
    setProblem(undefined);
    try {
      const isOne = files.length === 1;
      const pack = (done: number) => setWay({ at: "packing", done, total: files.length });
      if (!isOne) pack(0);
      const body = isOne ? first.content : await zipFiles(files, pack, controller.signal);
      const name = isOne
        ? (first.path.split("/").at(-1) as string)
        : `${suggestName(first.path) || "files"}.zip`;
      const staged = await sendUpload({
        parameters: parametersOfAnswers(answers, taxonomy, name),
        body,
        onSent: (done) => setWay({ at: "sending", done, total: body.size }),
        signal: controller.signal,
      });
      setWay({ at: "done", staged });
      onDone();
    } catch (error) {
      setWay({ at: "questions" });
      if (isAbort(error)) return;
      const failure = error as RequestFailure;
      setProblem(failure.code === "unreachable" ? unreachable : failure.message);
    }
  };
  const submit = (event: Event) => {
    event.preventDefault();
    void send();
  };
  const process = () => {
    request("/process", { method: "POST" }).then(onDone, (failure: RequestFailure) =>
      setProblem(failure.message),
    );
    onClose();
  };
  return (
    <form class="upload" onSubmit={submit}>
      {way.at === "questions" && (
        <>
          <AnswerFields
            answers={answers}
            taxonomy={taxonomy}
            partitions={partitions}
            onAnswers={setAnswers}
          />
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
        </>
      )}
      {(way.at === "packing" || way.at === "sending") && (
        <>
          <Progress
            label={
              way.at === "packing"
                ? working.packing
                : way.done >= way.total
                  ? working.reading
                  : working.sending
            }
            done={way.at === "sending" ? Math.floor(way.done / 1000) : way.done}
            total={
              way.at === "sending" && way.done >= way.total
                ? 0
                : way.at === "sending"
                  ? Math.ceil(way.total / 1000)
                  : way.total
            }
          />
          <button type="button" onClick={() => stop.current?.abort()}>
            {cancel}
          </button>
        </>
      )}
      {way.at === "done" && (
        <div class="bar" role="status">
          <p class="good">
            {working.staged(
              formatNumber(way.staged.rows),
              [way.staged.provider, way.staged.dataset, way.staged.task, way.staged.variant].join("/"),
            )}
          </p>
          <button type="button" class="primary" onClick={process}>
            {working.process}
          </button>
          <button type="button" onClick={onClose}>
            {close}
          </button>
        </div>
      )}
      {problem !== undefined && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}
