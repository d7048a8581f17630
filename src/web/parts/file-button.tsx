import { chosenFiles } from "../upload/dropped.ts";
import type { ZippedFile } from "../upload/zip.ts";

export interface FileButtonProps {
  label: string;
  /** What it is for, where several have one label. */
  name?: string;
  isFolder?: boolean;
  isMany?: boolean;
  onFiles(files: ZippedFile[]): void;
}

/** A button that asks for files, or for a folder. */
export function FileButton({ label, name, isFolder = false, isMany = true, onFiles }: FileButtonProps) {
  return (
    <label class="button file">
      {label}
      <input
        type="file"
        class="hidden"
        aria-label={name === undefined ? undefined : `${label}: ${name}`}
        multiple={isMany}
        {...(isFolder && { webkitdirectory: true })}
        onChange={({ currentTarget }) => {
          if (currentTarget.files) onFiles(chosenFiles(currentTarget.files));
          currentTarget.value = "";
        }}
      />
    </label>
  );
}
