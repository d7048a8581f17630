import { mkdir, open, stat } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { isMissing, namesIn, removeTree } from "../../lake/files.ts";
import { readJson, writeJson } from "../../lake/json-file.ts";
import { moveToFree } from "../../lake/replace.ts";
import { CountSchema } from "../../schema/values.ts";

/** What is known of a file that comes in parts, kept beside what arrived of it. */
const NoteSchema = v.strictObject({
  owner: v.nullable(v.string()),
  name: v.string(),
  files: CountSchema,
  bytes: CountSchema,
  parameters: v.string(),
  begun_at: v.string(),
});
export type InputNote = v.InferOutput<typeof NoteSchema>;

export interface KeptInput extends InputNote {
  path: string;
  received: number;
  changedMs: number;
}

/** A folder of files that come in parts, by the id of their upload. The size of a file is what arrived of it. */
export interface KeptInputs {
  ids(): Promise<string[]>;
  /** Undefined for one that is not there, or not to be understood. */
  find(uploadId: string): Promise<KeptInput | undefined>;
  /** Writes the note, and a file without bytes where there is none. */
  note(uploadId: string, note: InputNote): Promise<void>;
  /** Gives the file a name, which tells its format; returns its path. */
  giveName(uploadId: string, name: string): Promise<string>;
  remove(uploadId: string): Promise<void>;
}

export function keptInputs(folder: string): KeptInputs {
  const noteOf = (uploadId: string) => join(folder, uploadId, "note.json");
  const placeOf = (uploadId: string) => join(folder, uploadId, "file");
  const nameOf = async (uploadId: string) => (await namesIn(placeOf(uploadId)))[0];
  return {
    ids: () => namesIn(folder),
    find: async (uploadId) => {
      const note = await readJson(noteOf(uploadId), NoteSchema).catch(() => undefined);
      const name = await nameOf(uploadId);
      if (note === undefined || name === undefined) return undefined;
      const path = join(placeOf(uploadId), name);
      const facts = await stat(path).catch((error) => {
        if (isMissing(error)) return undefined;
        throw error;
      });
      return facts && { ...note, path, received: facts.size, changedMs: facts.mtimeMs };
    },
    note: async (uploadId, note) => {
      await mkdir(placeOf(uploadId), { recursive: true, mode: 0o700 });
      if ((await nameOf(uploadId)) === undefined)
        await (await open(join(placeOf(uploadId), "input"), "wx", 0o600)).close();
      await writeJson(noteOf(uploadId), note);
    },
    giveName: async (uploadId, name) => {
      const path = join(placeOf(uploadId), name);
      await moveToFree(join(placeOf(uploadId), (await nameOf(uploadId)) ?? name), path);
      return path;
    },
    remove: (uploadId) => removeTree(join(folder, uploadId)),
  };
}
