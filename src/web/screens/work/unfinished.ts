import type { InputState } from "../../../schema/input-upload.ts";
import type { ZippedFile } from "../../upload/zip.ts";
import { type Answers, namingPath, suggestName } from "./questions.ts";

/** What files are called as one: a file by its own name, several by the zip that they become. */
export function inputName(files: readonly ZippedFile[]): string {
  const path = namingPath(files.map((file) => file.path));
  if (files.length === 1) return path.split("/").at(-1) as string;
  return `${suggestName(path) || "files"}.zip`;
}

/** Whether files may be those that an upload was begun with; their bytes are compared afterwards. */
export function isOfUpload({ name, files: count, bytes }: InputState, files: readonly ZippedFile[]): boolean {
  const isSame = files.length === count && inputName(files).normalize() === name.normalize();
  return isSame && (count > 1 || files[0]?.content.size === bytes);
}

/** The answers that an upload was begun with. */
export function answersOfParameters(parameters: URLSearchParams, otherwise: Answers): Answers {
  const given = (name: "provider" | "dataset" | "task" | "variant") =>
    parameters.get(name) ?? otherwise[name];
  const meta = parameters.getAll("meta").map((pair) => {
    const at = pair.indexOf("=");
    return [pair.slice(0, at), pair.slice(at + 1)] as const;
  });
  return {
    type: parameters.get("type") === "task" ? "task" : "raw",
    provider: given("provider"),
    dataset: given("dataset"),
    task: given("task"),
    variant: given("variant"),
    mode: (parameters.get("mode") ?? otherwise.mode) as Answers["mode"],
    meta: Object.fromEntries(meta),
    license: parameters.get("license") ?? "",
    maxRejects: parameters.get("max_rejects") ?? "",
    splitPages: parameters.get("split_pages") === "true",
    textLayer: parameters.get("text_layer") === "true",
    splitFromFolder: parameters.get("split_from_folder") === "true",
  };
}
