import { useState } from "preact/hooks";
import type { ExportState } from "../../../schema/export.ts";
import { formatBytes, formatNumber, texts } from "../../texts/texts.ts";
import { MAX_ZIP_FILES, zipFiles } from "../../upload/zip.ts";

const SHOWN = 200;
/** A browser holds what it zips. */
const MAX_ZIP_BYTES = 1_000_000_000;

/** The files of an export: one by one, or all as one zip that the browser puts together. */
export function ExportFiles({
  state: { export_id: id, files, result },
  name,
}: {
  state: ExportState;
  name: string;
}) {
  const { taking, failed } = texts();
  const [done, setDone] = useState<number>();
  const [hasFailed, setFailed] = useState(false);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const urlOf = (path: string) => `/exports/${id}/files/${path.split("/").map(encodeURIComponent).join("/")}`;
  const zip = async () => {
    setFailed(false);
    const contents: { path: string; content: Blob }[] = [];
    for (const { name: path } of files) {
      setDone(contents.length);
      const response = await fetch(urlOf(path));
      if (!response.ok) throw new Error(path);
      contents.push({ path: `${name}/${path}`, content: await response.blob() });
    }
    save(await zipFiles(contents), `${name}.zip`);
  };
  const start = () =>
    zip()
      .catch(() => setFailed(true))
      .finally(() => setDone(undefined));
  return (
    <>
      <p>{taking.ready(formatNumber(files.length), formatBytes(bytes))}</p>
      {result?.notes && (
        <ul class="quiet">
          {result.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
      {files.length > 1 && files.length < MAX_ZIP_FILES && bytes <= MAX_ZIP_BYTES && (
        <button type="button" class="primary" disabled={done !== undefined} onClick={() => void start()}>
          {done === undefined ? taking.zip : taking.zipping(formatNumber(done), formatNumber(files.length))}
        </button>
      )}
      {hasFailed && <p class="problem">{failed}</p>}
      <ul class="files">
        {files.slice(0, SHOWN).map(({ name: path, bytes: size }) => (
          <li key={path}>
            <a href={urlOf(path)} download={path.split("/").at(-1)}>
              {path}
            </a>{" "}
            <span class="quiet">{formatBytes(size)}</span>
          </li>
        ))}
      </ul>
      {files.length > SHOWN && <p class="quiet">{taking.moreFiles(formatNumber(files.length - SHOWN))}</p>}
    </>
  );
}

function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // Not before the browser has begun to read it.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
