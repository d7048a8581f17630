import { useState } from "preact/hooks";
import type { InputState } from "../../../schema/input-upload.ts";
import { FileButton } from "../../parts/file-button.tsx";
import { formatBytes, texts } from "../../texts/texts.ts";
import type { ZippedFile } from "../../upload/zip.ts";
import { isOfUpload } from "./unfinished.ts";

export interface UnfinishedListProps {
  uploads: readonly InputState[];
  onGoOn(upload: InputState, files: ZippedFile[]): void;
  onDiscard(upload: InputState): void;
}

/** Uploads of which a part has arrived: a browser keeps no files, so each asks for its own again. */
export function UnfinishedList({ uploads, onGoOn, onDiscard }: UnfinishedListProps) {
  const { working } = texts();
  const [refused, setRefused] = useState<string>();
  if (uploads.length === 0) return null;
  return (
    <div class="unfinished">
      <h3>{working.unfinished}</h3>
      <p class="quiet">{working.unfinishedHint}</p>
      <ul>
        {uploads.map((upload) => {
          const { upload_id: id, name, files, bytes, received_bytes: received, parameters } = upload;
          const to = new URLSearchParams(parameters);
          const choose = (given: ZippedFile[]) => {
            setRefused(undefined);
            if (isOfUpload(upload, given)) onGoOn(upload, given);
            else setRefused(id);
          };
          return (
            <li key={id} data-unfinished={id}>
              <p>
                <strong>{name}</strong>{" "}
                {["provider", "dataset", "task", "variant"].flatMap((part) => to.get(part) ?? []).join("/")}{" "}
                <span class="quiet">
                  {upload.is_active
                    ? working.active
                    : received === bytes
                      ? working.refused(formatBytes(bytes))
                      : working.arrived(formatBytes(received), formatBytes(bytes))}
                </span>
              </p>
              <div class="bar">
                <FileButton
                  label={files > 1 ? working.sameFiles : working.sameFile}
                  name={name}
                  isMany={files > 1}
                  onFiles={choose}
                />
                {files > 1 && <FileButton label={working.sameFolder} name={name} isFolder onFiles={choose} />}
                <button
                  type="button"
                  aria-label={`${working.discard}: ${name}`}
                  onClick={() => onDiscard(upload)}
                >
                  {working.discard}
                </button>
              </div>
              {refused === id && (
                <p class="problem" role="alert">
                  {working.otherFile(name)}
                </p>
              )}
            </li>
          );
        })}
      </ul>
    </div>
  );
}
