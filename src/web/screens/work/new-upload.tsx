import { useState } from "preact/hooks";
import { useDocument } from "../../api/use-document.ts";
import { formatBytes, formatNumber, texts } from "../../texts/texts.ts";
import { chosenFiles, droppedFiles } from "../../upload/dropped.ts";
import type { ZippedFile } from "../../upload/zip.ts";
import type { TaxonomyDocument } from "./questions.ts";
import { UploadForm } from "./upload-form.tsx";

/** A place to drop a file or a folder, and then the questions that the terminal asks too. */
export function NewUpload({ onDone }: { onDone(): void }) {
  const { working } = texts();
  const [files, setFiles] = useState<ZippedFile[]>([]);
  const [isOver, setOver] = useState(false);
  const taxonomy = useDocument<TaxonomyDocument>("/config").value;
  const bytes = files.reduce((sum, { content }) => sum + content.size, 0);
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    if (event.dataTransfer) void droppedFiles(event.dataTransfer).then(setFiles);
  };
  return (
    <section
      class={`card drop${isOver ? " over" : ""}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={onDrop}
    >
      <h2>{working.newUpload}</h2>
      <p class="quiet">{working.dropHint}</p>
      <div class="bar">
        <FileButton label={working.chooseFiles} onFiles={setFiles} />
        <FileButton label={working.chooseFolder} isFolder onFiles={setFiles} />
        {files.length > 0 && (
          <strong>
            {files.length === 1 ? files[0]?.path : working.filesChosen(formatNumber(files.length))},{" "}
            {formatBytes(bytes)}
          </strong>
        )}
      </div>
      {files.length > 0 && taxonomy && (
        <UploadForm
          key={`${files[0]?.path} ${files.length} ${bytes}`}
          files={files}
          taxonomy={taxonomy}
          onDone={onDone}
          onClose={() => setFiles([])}
        />
      )}
    </section>
  );
}

interface FileButtonProps {
  label: string;
  isFolder?: boolean;
  onFiles(files: ZippedFile[]): void;
}

function FileButton({ label, isFolder = false, onFiles }: FileButtonProps) {
  return (
    <label class="button file">
      {label}
      <input
        type="file"
        class="hidden"
        multiple
        {...(isFolder && { webkitdirectory: true })}
        onChange={({ currentTarget }) => {
          if (currentTarget.files) onFiles(chosenFiles(currentTarget.files));
          currentTarget.value = "";
        }}
      />
    </label>
  );
}
