import { readFile, stat } from "node:fs/promises";
import { AppError, toAppError } from "../../errors.ts";
import { type GivenView, resolveView, unwrapView } from "../../schema/labels/given-view.ts";
import { findShape, SHAPES } from "../../schema/labels/shapes.ts";
import type { Flag } from "./command.ts";

export const VIEW_FLAG = {
  type: "text",
  placeholder: "FILE",
  description: "What labels mean: a file (YAML, JSON) or a shape such as coco",
} as const satisfies Flag;

const MAX_BYTES = 1_000_000;

/**
 * The view of a flag: the name of a built-in shape, else a file with the mapping itself or under `view:`. Throws
 * `invalid_view`, `not_found`.
 */
export async function readViewFlag(given: string): Promise<GivenView> {
  if (findShape(given) !== undefined) return given;
  const view = unwrapView(parseView(given, await readText(given)));
  resolveView(view, given);
  return view as GivenView;
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES)
      throw new AppError("invalid_view", `${path} has ${size} bytes; a view has some lines`);
    return await readFile(path, "utf8");
  } catch (cause) {
    const error = toAppError(cause);
    if (error.code !== "not_found") throw error;
    const shapes = SHAPES.map(({ name }) => name).join(", ");
    throw new AppError("not_found", `--view ${path} is no file and no built-in shape; those are ${shapes}`, {
      cause,
    });
  }
}

function parseView(path: string, text: string): unknown {
  try {
    return Bun.YAML.parse(text); // JSON is YAML
  } catch (cause) {
    const [problem] = toAppError(cause).message.split("\n");
    throw new AppError("invalid_view", `${path} is neither YAML nor JSON: ${problem}`, { cause });
  }
}
