import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { chmod, chown, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { builtBinary } from "../binary/binary.ts";
import { pdfOf } from "../documents/write-pdf.ts";
import { makeImage } from "../jobs/staging-kit.ts";
import {
  type Account,
  CURATOR_UID,
  canSwitch,
  makeTeamFolder,
  PRIVATE_GROUP,
  runAs,
  SERVER_UID,
  TEAM,
  writeOpen,
} from "./accounts.ts";

setDefaultTimeout(180_000);

const made: string[] = [];
beforeAll(async () => {
  if (canSwitch) await builtBinary();
});
afterAll(async () => {
  for (const folder of made) await rm(folder, { recursive: true, force: true });
});

/** What a team does: each stages, the other processes. */
async function workTogether(server: Account, curator: Account, folderMode: number) {
  const folder = await makeTeamFolder(folderMode, [server, curator]);
  made.push(folder);
  const lake = join(folder, "lake");
  const as =
    (account: Account) =>
    async (...args: string[]) => {
      const ran = await runAs(account, folder, args);
      return { ...ran, document: ran.document as Record<string, unknown> };
    };
  const [byServer, byCurator] = [as(server), as(curator)];
  const done = async (run: Promise<{ code: number; stderr: string; document: unknown }>) => {
    const { code, stderr, document } = await run;
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    return document as Record<string, unknown>;
  };

  await done(byServer("init"));
  await done(byServer("config", "provider", "create", "hub"));
  await done(byCurator("config", "task", "create", "ocr", "--required", "lang"));

  const scans = await makeInputs(folder);
  const key = (dataset: string) => ["--provider", "hub", "--dataset", dataset];
  const raw = (dataset: string) => ["--type", "raw", ...key(dataset)];
  const ids: unknown[] = [];
  const stage = async (by: typeof byServer, ...args: string[]) => {
    const { upload_id } = await done(by("upload", ...args));
    ids.push(upload_id);
    await expectOpenToTeam(join(lake, "staging", "pending", String(upload_id)));
  };
  await stage(byCurator, scans, ...raw("scans"));
  await stage(byCurator, join(folder, "lines.jsonl"), ...raw("lines"));
  const labels = [
    "--type",
    "task",
    ...key("scans"),
    "--task",
    "ocr",
    "--variant",
    "words",
    "--meta",
    "lang=ko",
  ];
  await stage(byCurator, join(folder, "labels.jsonl"), ...labels);
  await stage(byCurator, join(folder, "documents"), ...raw("documents"), "--split-pages");
  await leaveBehind(lake, curator);
  const first = await done(byServer("process", "start", "--wait"));
  expect(first.uploads).toMatchObject([{ rows: 2 }, { rows: 2 }, { rows: 2 }, { rows: 3 }]);

  await stage(byServer, join(folder, "more"), ...raw("scans"), "--mode", "append");
  await stage(byServer, join(folder, "lines.jsonl"), ...raw("lines"), "--mode", "replace");
  await stage(byServer, join(folder, "broken"), ...raw("broken"), "--max-rejects", "0");
  const second = await byCurator("process", "start", "--wait");
  expect(second.code).toBe(1);
  expect(second.document.uploads).toMatchObject([
    { status: "completed", rows: 1 },
    { status: "completed", rows: 2 },
    { status: "failed", error: { code: "too_many_rejects" } },
  ]);
  await done(byServer("process", "retry", String(ids.at(-1))));
  await done(byCurator("config", "provider", "create", "other"));
  const third = await byServer("process", "start", "--wait");
  expect(third.document.uploads).toMatchObject([{ status: "failed" }]);
  const found = await done(byCurator("search", "--dataset", "scans", "--task", "raw"));
  expect(found.row_count).toBe(3);

  for (const by of [byServer, byCurator]) {
    const report = await by("doctor");
    const checks = report.document.checks as { name: string; status: string; message: string }[];
    const wrong = checks.filter(({ status }) => status !== "ok");
    expect({ code: report.code, wrong }).toMatchObject({ code: 0, wrong: [{ name: "uploads" }] });
  }
  for (const state of ["pending", "processing"]) {
    expect(await readdir(join(lake, "staging", state))).toEqual([]);
  }
  expect((await readdir(join(lake, "jobs"))).filter((name) => name.startsWith("."))).toEqual([]);
  await expectAudit(lake, server, curator);
  await expectAssetsClosed(lake);
  return lake;
}

async function makeInputs(folder: string): Promise<string> {
  const scans = join(folder, "scans");
  for (const name of ["scans", "more", "broken", "documents"])
    await mkdir(join(folder, name), { mode: 0o755 });
  await writeOpen(join(scans, "one.jpg"), await makeImage(1));
  await writeOpen(join(scans, "two.png"), await makeImage(2, "png"));
  await writeOpen(join(folder, "more", "three.jpg"), await makeImage(3));
  await writeOpen(join(folder, "broken", "four.jpg"), "no image");
  const box = [0, 0, 50, 50] as const;
  await writeOpen(join(folder, "documents", "계약.pdf"), pdfOf([{ content: "0 0 9 9 re f", box }]));
  await writeOpen(join(folder, "documents", "fax.tif"), await makeFax());
  await writeOpen(join(folder, "lines.jsonl"), '{"text":"가"}\n{"text":"나"}\n');
  const labels = ["one.jpg", "two.png"].map((name) => JSON.stringify({ source_name: name, label: { n: 1 } }));
  await writeOpen(join(folder, "labels.jsonl"), labels.join("\n"));
  return scans;
}

/** A TIFF of two pages. */
function makeFax(): Promise<Buffer> {
  const data = Buffer.from(Array.from({ length: 32 * 40 }, (_, at) => at % 251));
  const raw = { width: 32, height: 40, channels: 1 as const, pageHeight: 20 };
  return sharp(data, { raw }).toColourspace("b-w").tiff({ compression: "lzw" }).toBuffer();
}

/** Whatever the umask of who staged it: the team reads all of it and may move and remove it. */
async function expectOpenToTeam(upload: string): Promise<void> {
  const entries = await readdir(upload, { recursive: true, withFileTypes: true });
  const paths = [upload, ...entries.map((entry) => join(entry.parentPath, entry.name))];
  const wrong: string[] = [];
  for (const path of paths) {
    const facts = await stat(path);
    const { mode, gid } = facts;
    const isContent = facts.isFile() && path.includes("/files/");
    const wanted = facts.isDirectory() ? 0o775 : isContent ? 0o444 : 0o664;
    if ((mode & 0o777) !== wanted || gid !== TEAM)
      wrong.push(`${path}: ${(mode & 0o7777).toString(8)} ${gid}`);
  }
  expect(wrong).toEqual([]);
}

/** What an account leaves that was killed in the middle; it is closed to the others. */
async function leaveBehind(lake: string, { uid, gid }: Account): Promise<void> {
  const assets = join(lake, "assets", "provider=hub", "dataset=scans");
  const left = [join(lake, "staging", ".incoming", `u${"0".repeat(32)}`), join(assets, ".tmp-0123abcd")];
  for (const folder of left) {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "left"), "");
    for (const path of [join(folder, "left"), folder]) await chown(path, uid, gid);
    await chmod(folder, 0o700);
  }
  for (const path of [assets, join(assets, "..")]) {
    await chown(path, uid, TEAM);
    await chmod(path, 0o2775);
  }
}

async function expectAudit(lake: string, ...accounts: Account[]): Promise<void> {
  const names = await readdir(join(lake, "logs"));
  for (const { uid } of accounts) {
    const name = names.find((one) => one.startsWith("audit-") && one.endsWith(`.${uid}.jsonl`)) ?? "";
    const text = await readFile(join(lake, "logs", name), "utf8");
    const actions = text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line).action);
    expect(actions).toContain("datalake upload");
    expect(actions).toContain("datalake config provider create");
    const { mode, gid } = await stat(join(lake, "logs", name));
    expect([mode & 0o777, gid]).toEqual([0o640, TEAM]);
  }
}

async function expectAssetsClosed(lake: string): Promise<void> {
  const entries = await readdir(join(lake, "assets"), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.parentPath.includes(".tmp-"));
  expect(files).toHaveLength(7); // 3 images; 3 pages and the document that one of them is drawn from
  for (const { parentPath, name } of files) {
    const { mode, gid } = await stat(join(parentPath, name));
    expect([mode & 0o777, gid]).toEqual([0o444, TEAM]);
  }
}

const sameGroup = (uid: number, umask: string): Account => ({ uid, gid: TEAM, umask });

test.skipIf(!canSwitch)("two accounts of one first group share a lake, whatever their umasks", async () => {
  const lake = await workTogether(sameGroup(SERVER_UID, "022"), sameGroup(CURATOR_UID, "077"), 0o2775);
  const { mode } = await stat(join(lake, "catalog", "provider=hub", "dataset=scans"));
  expect(mode & 0o7777).toBe(0o2775); // who comes later gets the team's group, too
});

test.skipIf(!canSwitch)(
  "an account with a group of its own shares it, too, where folders do not hand theirs on",
  async () => {
    const curator = { uid: CURATOR_UID, gid: PRIVATE_GROUP, umask: "022" };
    await workTogether(sameGroup(SERVER_UID, "077"), curator, 0o775);
  },
);
