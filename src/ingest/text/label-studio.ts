import type { JsonPiece } from "./json-split.ts";

/**
 * Turns what Label Studio exports, a list of tasks, into rows of labels: the whole task as `label`, and the page that it is
 * of. `datalake download --format label-studio` wrote into `data` which page that is; else it is found by its name, or by the
 * name of the file in the task's URL. Other elements of lists stay as they are.
 */
export function createTaskRows(notices: Set<string>): (piece: JsonPiece) => JsonPiece {
  let column: ReferenceColumn | "none" | undefined;
  return (piece) => {
    const task = column === "none" ? undefined : parseTask(piece.text);
    column ??= task === undefined ? "none" : (COLUMNS.find((name) => REFERENCES[name](task)) ?? "none");
    if (column === "none" || task === undefined) return piece;
    notices.add(
      `the list is taken as tasks of Label Studio: each is the label of the page that its ${column} says`,
    );
    const reference = REFERENCES[column](task);
    return { ...piece, text: JSON.stringify({ [column]: reference ?? null, label: piece.text }) };
  };
}

interface Task {
  data: Record<string, unknown>;
}

/** An object with `data`, and annotations or predictions of it. */
function parseTask(text: string): Task | undefined {
  if (!/"(?:annotations|predictions)"/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    const isTask = isObject(value) && isObject(value.data);
    return isTask && (Array.isArray(value.annotations) || Array.isArray(value.predictions))
      ? { data: value.data as Task["data"] }
      : undefined;
  } catch {
    return undefined; // the reader tells what is wrong with it
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const COLUMNS = ["hash", "source_name", "source_stem"] as const;
type ReferenceColumn = (typeof COLUMNS)[number];

const REFERENCES: Record<ReferenceColumn, (task: Task) => string | undefined> = {
  hash: ({ data }) => textOf(data.image_hash),
  source_name: ({ data }) => textOf(data.source_name),
  source_stem: ({ data }) => {
    const url = Object.values(data).find((value) => typeof value === "string" && /\.\w{2,5}$/.test(value));
    return url === undefined ? undefined : stemOf(String(url));
  },
};

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** `/data/upload/3/0a1b2c3d-쪽-001.jpg`, with eight digits of Label Studio's own, and `/data/local-files/?d=a/쪽-001.jpg`. */
function stemOf(url: string): string {
  const name = url.split(/[/=]/).at(-1) ?? "";
  const own = url.startsWith("/data/upload/") ? name.replace(/^[0-9a-f]{8}-/, "") : name;
  return (
    decode(own)
      .split("/")
      .at(-1)
      ?.replace(/\.\w+$/, "") ?? ""
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
