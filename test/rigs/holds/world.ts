import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHost, type Host, succeed, upload, writePages, writeTexts } from "../fuse/host.ts";
import type { Acknowledged } from "../lake-check.ts";

/** A lake in the middle of its life, of which each case takes a copy. */
export interface Template {
  folder: string;
  /** What is committed and what is pending, in that order. */
  acknowledged: readonly Acknowledged[];
  /** An input for whoever takes over. */
  laterTexts: string;
}

/** Partitions that are appended to, replaced, made and compacted by the next job. */
export async function makeTemplate(): Promise<Template> {
  const folder = await mkdtemp(join(tmpdir(), "datalake-holds-"));
  await mkdir(join(folder, "server"));
  const host = await createHost({ at: join(folder, "server"), scratch: join(folder, "scratch") });
  const acknowledged: Acknowledged[] = [];
  const input = (name: string) => join(folder, "scratch", name);
  const texts = (name: string, count: number) =>
    writeTexts(
      input(`${name}.jsonl`),
      Array.from({ length: count }, (_, at) => `${name} ${at}`),
    );
  const add = async (path: string, dataset: string, mode: "create" | "append" | "replace") =>
    upload(host, path, { dataset, mode }, acknowledged);
  await succeed(host, "init", host.lake);
  await succeed(host, "config", "provider", "create", "hub");
  await add(await texts("x1", 4), "x", "create");
  await add(await texts("y1", 4), "y", "create");
  await succeed(host, "process", "start", "--wait");
  await add(await texts("x2", 4), "x", "append");
  await add(await texts("y2", 3), "y", "replace");
  await add(await writePages(input("pages"), [1, 2]), "pages", "create");
  await texts("for-a", 2);
  return { folder, acknowledged, laterTexts: await texts("later", 5) };
}

/** A copy of its lake as the disk of a server. */
export async function copyServer({ folder }: Template, backing: string): Promise<void> {
  await cp(join(folder, "server"), backing, { recursive: true, preserveTimestamps: true });
}

export async function removeTemplate({ folder }: Template): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

export type { Host };
