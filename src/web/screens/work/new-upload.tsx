import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { InputState, Unfinished } from "../../../schema/input-upload.ts";
import type { ListedUpload } from "../../../schema/upload-list.ts";
import { RequestFailure } from "../../api/request.ts";
import { useDocument } from "../../api/use-document.ts";
import { FailureText } from "../../parts/failure-text.tsx";
import { FileButton } from "../../parts/file-button.tsx";
import { formatBytes, formatNumber, texts } from "../../texts/texts.ts";
import { droppedFiles } from "../../upload/dropped.ts";
import {
  cancelUpload,
  closeUpload,
  OtherFiles,
  runningUpload,
  runningWish,
  startUpload,
  type UploadWish,
} from "../../upload/running.ts";
import { discardUpload, OtherFile } from "../../upload/send.ts";
import type { ZippedFile } from "../../upload/zip.ts";
import type { TaxonomyDocument } from "./questions.ts";
import { isOfUpload } from "./unfinished.ts";
import { UnfinishedList } from "./unfinished-list.tsx";
import { UploadForm } from "./upload-form.tsx";
import { UploadProgress } from "./upload-progress.tsx";

export interface NewUploadProps {
  /** Counts up when uploads change. */
  version: number;
  /** As the server lists them. */
  uploads: readonly ListedUpload[];
  onChange(): void;
}

type GoesOn = Pick<UploadWish, "parameters" | "goesOn">;

/** A place to drop a file or a folder, then the questions that the terminal asks too, and the upload on its way. */
export function NewUpload({ version, uploads, onChange }: NewUploadProps) {
  const { working, close } = texts();
  // Who was at another screen meanwhile may have to answer again.
  const [files, setFiles] = useState<readonly ZippedFile[]>(() => runningWish()?.files ?? []);
  const [goesOn, setGoesOn] = useState<GoesOn | undefined>(() => {
    const { parameters, goesOn } = runningWish() ?? {};
    return parameters && { parameters, ...(goesOn && { goesOn }) };
  });
  const [isOver, setOver] = useState(false);
  const [problem, setProblem] = useState<ComponentChildren>();
  const taxonomy = useDocument<TaxonomyDocument>("/config").value;
  const running = runningUpload.value;
  const way = running?.way;
  const isDone = way?.at === "done";
  useEffect(() => {
    if (!isDone) return;
    setFiles([]);
    onChange();
  }, [isDone]);
  const loaded = useDocument<Unfinished>("/uploads/unfinished", { version });
  const unfinished = loaded.value?.uploads ?? [];
  const goOn = (upload: InputState, given: ZippedFile[]) => {
    const wish = {
      parameters: new URLSearchParams(upload.parameters),
      goesOn: { id: upload.upload_id, bytes: upload.bytes },
    };
    setFiles(given);
    setGoesOn(wish);
    startUpload({ files: given, ...wish });
  };
  const take = (given: ZippedFile[]) => {
    if (given.length === 0 || (running !== undefined && way?.at !== "refused" && !isDone)) return;
    closeUpload();
    setProblem(undefined);
    const known = unfinished.find((upload) => !upload.is_active && isOfUpload(upload, given));
    if (known !== undefined) return goOn(known, given);
    setFiles(given);
    setGoesOn(undefined);
  };
  const leave = () => {
    void cancelUpload().then(onChange);
    setFiles([]);
  };
  const discard = ({ upload_id: id }: InputState) => {
    discardUpload(id)
      .catch((failure: RequestFailure) => setProblem(<FailureText failure={failure} />))
      .finally(onChange);
  };
  // Files that are not those of the upload: there is nothing to ask.
  const isOther = way?.at === "refused" && (way.why instanceof OtherFile || way.why instanceof OtherFiles);
  const isFilled = files.length > 0 && !isDone && !isOther;
  const isAsked = isFilled && (running === undefined || way?.at === "refused");
  const why = way?.at === "refused" ? way.why : undefined;
  const isLocked = why instanceof RequestFailure && /\bpassword\b/.test(why.message);
  const bytes = files.reduce((sum, { content }) => sum + content.size, 0);
  const told = way?.at === "refused" ? tellRefusal(way.why, running?.name ?? "") : problem;
  return (
    <section
      class={`card drop${isOver ? " over" : ""}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        if (event.dataTransfer) void droppedFiles(event.dataTransfer).then(take);
      }}
    >
      <h2>{working.newUpload}</h2>
      <p class="quiet">{working.dropHint}</p>
      {(running === undefined || way?.at === "refused") && (
        <div class="bar">
          <FileButton label={working.chooseFiles} onFiles={take} />
          <FileButton label={working.chooseFolder} isFolder onFiles={take} />
          {isAsked && (
            <strong>
              {files.length === 1 ? files[0]?.path : working.filesChosen(formatNumber(files.length))},{" "}
              {formatBytes(bytes)}
            </strong>
          )}
        </div>
      )}
      {isFilled && taxonomy && (
        // While it is sent too: what was typed is there again after a refusal.
        <div hidden={!isAsked}>
          <UploadForm
            key={`${files[0]?.path} ${files.length} ${bytes}`}
            {...{ files, goesOn, taxonomy, isLocked }}
            onClose={leave}
          />
        </div>
      )}
      {running && way && way.at !== "refused" && (
        <UploadProgress
          {...{ name: running.name, way, uploads, onProblem: setProblem }}
          onChange={() => {
            setFiles([]);
            onChange();
          }}
        />
      )}
      {told !== undefined && (
        <p class="problem" role="alert">
          {told}{" "}
          {!isAsked && (
            <button
              type="button"
              onClick={() => {
                closeUpload();
                setFiles([]);
                setProblem(undefined);
              }}
            >
              {close}
            </button>
          )}
        </p>
      )}
      {running === undefined && files.length === 0 && (
        <UnfinishedList uploads={unfinished} onGoOn={goOn} onDiscard={discard} />
      )}
    </section>
  );
}

function tellRefusal(why: Error, name: string): ComponentChildren {
  const { working } = texts();
  if (why instanceof OtherFile) return working.otherFile(name);
  if (why instanceof OtherFiles) return working.otherFiles(name);
  if (why instanceof RequestFailure) return <FailureText failure={why} />;
  return working.unreadable(name); // the browser cannot read the file any more
}
