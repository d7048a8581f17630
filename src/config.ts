import { accessSync, constants, type Stats, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { availableParallelism, homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import * as v from "valibot";
import { AppError, systemCode } from "./errors.ts";
import { LOG_LEVELS } from "./log.ts";
import { IMAGE_POLICIES, RejectLimitSchema, VERIFY_LEVELS } from "./schema/upload.ts";
import { nearestWord } from "./util/nearest.ts";

const Positive = v.pipe(v.number(), v.integer(), v.minValue(1));
const Octal = v.pipe(
  v.union([v.string(), v.number()]),
  v.transform((value) => String(value)),
  v.regex(/^0?[0-7]{3}$/, "is not an octal mode such as 0775"),
  v.transform((value) => Number.parseInt(value, 8)),
);
const Size = v.pipe(
  v.string(),
  v.regex(/^\d+(\.\d+)?\s*(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$/, "is not a size such as 2GB"),
);

/**
 * Every setting with its default; config.yaml in the project's root shows them all with their meaning. Keys are those
 * of the file; the environment's name of `processing.num_proc` is `DATALAKE_PROCESSING_NUM_PROC`.
 */
export const SettingsSchema = v.strictObject({
  lake: v.optional(v.string()),
  server: v.optional(
    v.pipe(v.string(), v.regex(/^https?:\/\/[^/\s]+/, "is not a URL such as http://127.0.0.1:8091")),
  ),
  /** Native libraries and asset indexes; may be removed at any time. */
  cache: v.optional(v.string()),
  /** Work files of the database; local disk with room for two catalogs. */
  scratch: v.optional(v.string()),
  images: v.optional(
    v.strictObject({
      policy: v.optional(v.picklist(IMAGE_POLICIES), "optimize"),
      verify: v.optional(v.picklist(VERIFY_LEVELS), "full"),
      max_pixels: v.optional(Positive, 268_402_689),
      max_bytes: v.optional(Size, "512MB"),
    }),
    {},
  ),
  upload: v.optional(v.strictObject({ max_rejects: v.optional(RejectLimitSchema, "1%") }), {}),
  processing: v.optional(
    v.strictObject({
      num_proc: v.optional(Positive, Math.max(1, availableParallelism())),
      batch_size: v.optional(Positive, 1000),
      auto: v.optional(v.boolean(), false),
    }),
    {},
  ),
  serve: v.optional(
    v.strictObject({
      host: v.optional(v.string(), "127.0.0.1"),
      port: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65535)), 8091),
      token_file: v.optional(v.string()),
      allowed_hosts: v.optional(v.array(v.string()), []),
      max_body: v.optional(Size, "1MB"),
    }),
    {},
  ),
  database: v.optional(
    v.strictObject({
      memory: v.optional(Size, "1GB"),
      threads: v.optional(Positive, Math.max(1, availableParallelism())),
    }),
    {},
  ),
  permissions: v.optional(
    v.strictObject({ folder: v.optional(Octal, "0775"), file: v.optional(Octal, "0664") }),
    {},
  ),
  log: v.optional(
    v.strictObject({
      level: v.optional(v.picklist(LOG_LEVELS), "info"),
      max_size: v.optional(Size, "20MB"),
      keep: v.optional(Positive, 5),
    }),
    {},
  ),
});
export type SettingsInput = v.InferInput<typeof SettingsSchema>;
export type Settings = v.InferOutput<typeof SettingsSchema> & {
  /** The config file that was read, if any. */
  configFile: string | undefined;
  cacheFolder: string;
  scratchFolder: string;
  /** Bearer token for clients of a server, from `DATALAKE_TOKEN`. */
  token: string | undefined;
};

export interface SettingsSources {
  /** `--config`; must exist when given. */
  configFile?: string | undefined;
  /** Settings given by flags: they win over all else. */
  flags?: SettingsInput;
  env?: Record<string, string | undefined>;
  cwd?: string;
}

/**
 * Settings from flags, then `DATALAKE_*`, then config.yaml (`./`, then the user's config folder), then defaults.
 * Paths come out absolute: a relative one starts at the folder of the file that says it, else at the working folder.
 * Throws `invalid_config` naming the setting.
 */
export async function loadSettings(sources: SettingsSources = {}): Promise<Settings> {
  const env = sources.env ?? process.env;
  const cwd = sources.cwd ?? process.cwd();
  const file = await readConfigFile(sources.configFile, env, cwd);
  const given = mergeDeep(fromEnvironment(env), (sources.flags ?? {}) as Tree);
  const merged = mergeDeep(
    mergeDeep({}, resolvePaths(file?.values ?? {}, file === undefined ? cwd : dirname(file.path), env)),
    resolvePaths(given, cwd, env),
  );
  const result = v.safeParse(SettingsSchema, merged);
  if (!result.success) {
    const issue = result.issues[0];
    const key = v.getDotPath(issue) ?? "the whole";
    const where = file ? ` (in ${file.path} or DATALAKE_*)` : "";
    const unknown = issue.kind === "schema" && issue.expected === "never";
    const near = unknown ? nearestWord(key, settingPaths()) : undefined;
    const problem = unknown
      ? `is unknown${near === undefined ? "" : `; did you mean ${near}?`}`
      : issue.message;
    throw new AppError("invalid_config", `setting ${key}${where}: ${problem}`, { details: { key } });
  }
  const home = env.HOME ?? "";
  const temp = env.TMPDIR ?? "/tmp";
  const user = process.getuid?.() ?? 0;
  const cacheFolder = result.output.cache ?? cacheDefault(env, home, temp, user);
  return {
    ...result.output,
    configFile: file?.path,
    cacheFolder: resolve(cwd, cacheFolder),
    scratchFolder: result.output.scratch ?? resolve(cwd, cacheFolder, "scratch"),
    token: env.DATALAKE_TOKEN || undefined,
  };
}

/** The user's cache folder, or where that cannot be written one of the user's own among the temp folders. */
function cacheDefault(
  env: Record<string, string | undefined>,
  home: string,
  temp: string,
  user: number,
): string {
  const own = env.XDG_CACHE_HOME || (home === "" ? undefined : join(home, ".cache"));
  const shared = ["/var/tmp", temp, "/tmp"].map((folder) => join(folder, `datalake-${user}`));
  const candidates = [...(own === undefined ? [] : [join(own, "datalake")]), ...shared];
  return candidates.find((folder) => isWritable(folder, user)) ?? candidates[0] ?? shared[0] ?? temp;
}

/** Whether a folder, or the nearest one above it that is there, may be written; one at a guessable place must be ours. */
function isWritable(folder: string, user: number): boolean {
  let found: Stats | undefined;
  try {
    found = statSync(folder, { throwIfNoEntry: false });
  } catch {
    found = undefined; // something above it is a file, or closed to us: that one decides
  }
  if (found === undefined) return dirname(folder) !== folder && isWritable(dirname(folder), -1);
  if (!found.isDirectory() || (user !== -1 && found.uid !== user)) return false;
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The permissions that the settings ask for, as a lake takes them. Assets are always read-only. */
export function modesOf(settings: Pick<Settings, "permissions">) {
  return { folder: settings.permissions.folder, file: settings.permissions.file, asset: 0o444 };
}

/** Runs in an automation (`CI` is set) that may look like a terminal but has nobody to answer questions. */
export function isUnattended(env: Record<string, string | undefined> = process.env): boolean {
  return !["", "0", "false", undefined].includes(env.CI);
}

/** A size as written in settings (`2GB`, `512MiB`) in bytes. */
export function parseSize(text: string): number {
  const match = /^([\d.]+)\s*([KMGT]?)(i?)B$/.exec(text);
  if (!match) throw new AppError("usage", `${JSON.stringify(text)} is not a size; write for example 512MB`);
  const power = ["", "K", "M", "G", "T"].indexOf(match[2] ?? "");
  return Math.round(Number(match[1]) * (match[3] ? 1024 : 1000) ** power);
}

type Tree = { [key: string]: unknown };

async function readConfigFile(
  given: string | undefined,
  env: Record<string, string | undefined>,
  cwd: string,
): Promise<{ path: string; values: Tree } | undefined> {
  const wanted = given ?? env.DATALAKE_CONFIG;
  const home = env.XDG_CONFIG_HOME ?? join(env.HOME ?? homedir(), ".config");
  const candidates = wanted
    ? [resolve(cwd, wanted)]
    : [join(cwd, "config.yaml"), join(home, "datalake", "config.yaml")];
  for (const path of candidates) {
    let text: string;
    try {
      text = await readFile(path, "utf8");
    } catch (cause) {
      if (!wanted && ["ENOENT", "ENOTDIR"].includes(systemCode(cause) ?? "")) continue;
      throw new AppError(
        "invalid_config",
        `cannot read the config file ${path}; check that it is there and yours to read`,
        { cause },
      );
    }
    return { path, values: parseConfig(path, text) };
  }
  return undefined;
}

function parseConfig(path: string, text: string): Tree {
  let values: unknown;
  try {
    values = Bun.YAML.parse(text) ?? {};
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new AppError("invalid_config", `${path} is not YAML: ${message}`, { cause });
  }
  if (typeof values !== "object" || Array.isArray(values)) {
    throw new AppError("invalid_config", `${path} must hold settings as \`key: value\` lines`);
  }
  return values as Tree;
}

const PATH_SETTINGS = ["lake", "cache", "scratch", "serve.token_file"];

/** Makes the paths among settings absolute, from `base`; `~/` is the home folder. */
function resolvePaths(values: Tree, base: string, env: Record<string, string | undefined>): Tree {
  const absolute = (value: unknown) => {
    if (typeof value !== "string" || value === "") return value;
    return value.startsWith("~/") ? join(env.HOME ?? homedir(), value.slice(2)) : resolve(base, value);
  };
  const resolved: Tree = { ...values };
  for (const path of PATH_SETTINGS) {
    const [outer = "", inner] = path.split(".");
    const value = resolved[outer];
    if (inner === undefined) resolved[outer] = absolute(value);
    else if (isTree(value)) resolved[outer] = { ...value, [inner]: absolute(value[inner]) };
  }
  return resolved;
}

/** `DATALAKE_SERVE_PORT=8092` as `{serve: {port: 8092}}`, for every setting that the schema knows. */
function fromEnvironment(env: Record<string, string | undefined>): Tree {
  const values: Tree = {};
  for (const path of settingPaths()) {
    const text = env[environmentName(path)];
    if (text === undefined || text === "") continue;
    const [outer, inner] = path.split(".");
    const value = coerce(path, text);
    if (outer === undefined) continue;
    values[outer] = inner === undefined ? value : { ...(values[outer] as Tree | undefined), [inner]: value };
  }
  return values;
}

export function environmentName(settingPath: string): string {
  return `DATALAKE_${settingPath.replaceAll(".", "_").toUpperCase()}`;
}

/** Every setting as its path in the file: `lake`, `processing.num_proc`... */
export function settingPaths(): string[] {
  return Object.entries(SettingsSchema.entries).flatMap(([name, schema]) => {
    const inner = innerEntries(schema);
    return inner ? Object.keys(inner).map((key) => `${name}.${key}`) : [name];
  });
}

function innerEntries(schema: unknown): Record<string, unknown> | undefined {
  const wrapped = (schema as { wrapped?: { entries?: Record<string, unknown> } }).wrapped;
  return wrapped?.entries;
}

const TEXT_SETTINGS = new Set([
  "lake",
  "server",
  "cache",
  "scratch",
  "serve.token_file",
  "permissions.folder",
  "permissions.file",
  "upload.max_rejects",
]);

function coerce(path: string, text: string): unknown {
  if (TEXT_SETTINGS.has(path)) return text;
  if (path === "serve.allowed_hosts") return text.split(",").map((host) => host.trim());
  if (text === "true" || text === "false") return text === "true";
  return /^\d+$/.test(text) ? Number(text) : text;
}

function mergeDeep(below: Tree, above: Tree): Tree {
  const merged: Tree = { ...below };
  for (const [key, value] of Object.entries(above)) {
    if (value === undefined || value === null) continue; // `serve:` with nothing but comments below it
    const old = merged[key];
    merged[key] = isTree(value) ? mergeDeep(isTree(old) ? old : {}, value) : value;
  }
  return merged;
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
