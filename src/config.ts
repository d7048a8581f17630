import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import * as v from "valibot";
import { AppError, systemCode } from "./errors.ts";
import { checkValue } from "./schema/check.ts";
import { ENGINE_PATHS, ENGINE_SECRETS } from "./schema/engines.ts";
import { type LakeLocation, locateLake, type NamedLake } from "./schema/lake-location.ts";
import { type ParsedSettings, type SettingsInput, SettingsSchema } from "./schema/settings.ts";
import { nearestWord } from "./util/nearest.ts";
import { cacheDefault, findOwnFolder, type OwnFolder } from "./util/user-folders.ts";

export type { SettingsInput } from "./schema/settings.ts";
export type Settings = Omit<ParsedSettings, "lake" | "server"> & {
  /** The lake that is meant. */
  location: LakeLocation | undefined;
  /** The server that the nearest settings name, of a lake in a folder too. */
  namedServer: string | undefined;
  /** The config file that was read, if any. */
  configFile: string | undefined;
  cacheFolder: string;
  scratchFolder: string;
  /** Where this account keeps what nobody else may replace; undefined for one without a home. */
  ownFolder: OwnFolder | undefined;
  /** Secrets, which no file of settings holds, from the environment. */
  token: string | undefined;
  /** By variable. */
  engineSecrets: Readonly<Record<string, string | undefined>>;
};

export interface SettingsSources {
  /** `--config`; must exist when given. */
  configFile?: string | undefined;
  /** Settings given by flags: they win over all else. */
  flags?: SettingsInput;
  env?: Record<string, string | undefined>;
  cwd?: string;
  /** Neither the environment nor a file: flags and defaults. */
  onlyFlags?: boolean;
}

/**
 * Settings from flags, then `DATALAKE_*`, then config.yaml (`./`, then the user's config folder), then defaults.
 * Paths come out absolute: a relative one starts at the folder of the file that says it, else at the working folder.
 * Throws `invalid_config` naming the setting.
 */
export async function loadSettings(sources: SettingsSources = {}): Promise<Settings> {
  const env = sources.onlyFlags ? {} : (sources.env ?? process.env);
  const cwd = sources.cwd ?? process.cwd();
  const file = sources.onlyFlags ? undefined : await readConfigFile(sources.configFile, env, cwd);
  const levels = [
    resolvePaths((sources.flags ?? {}) as Tree, cwd, env),
    resolvePaths(fromEnvironment(env), cwd, env),
    resolvePaths(file?.values ?? {}, file === undefined ? cwd : dirname(file.path), env),
  ];
  const merged = levels.reduceRight(mergeDeep, {});
  const result = checkValue(SettingsSchema, merged);
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
  const { lake: _, server: namedServer, ...settings } = result.output;
  const home = env.HOME ?? "";
  const temp = env.TMPDIR ?? "/tmp";
  const user = process.getuid?.() ?? 0;
  const cacheFolder = result.output.cache ?? cacheDefault(env, home, temp, user);
  return {
    ...settings,
    location: locateLake(levels.map(nameOf)),
    namedServer,
    configFile: file?.path,
    cacheFolder: resolve(cwd, cacheFolder),
    scratchFolder: result.output.scratch ?? resolve(cwd, cacheFolder, "scratch"),
    ownFolder: findOwnFolder(env, user),
    token: env.DATALAKE_TOKEN || undefined,
    engineSecrets: Object.fromEntries(ENGINE_SECRETS.map((name) => [name, env[name] || undefined])),
  };
}

/** Where the tokens of a lake may be kept. */
export function tokenPlaces(settings: Pick<Settings, "serve" | "ownFolder">) {
  return { file: settings.serve.tokens, own: settings.ownFolder };
}

/** The permissions that the settings ask for, as a lake takes them. Assets are always read-only. */
export function modesOf(settings: Pick<Settings, "permissions">) {
  return { folder: settings.permissions.folder, file: settings.permissions.file, asset: 0o444 };
}

/** How long a mount may show an old state of the lake, as a view of it takes it. */
export function staleMsOf(settings: Pick<Settings, "mount">): number {
  return settings.mount.stale_s * 1000;
}

/** A service manager that started this process and wants to hear from it (sd_notify(3), sd_watchdog_enabled(3)). */
export interface ServiceManager {
  /** NOTIFY_SOCKET. */
  socket: string;
  /** It restarts this process when it is not told within this time that it lives. */
  watchdogMs: number | undefined;
}

export function serviceManager(
  env: Record<string, string | undefined> = process.env,
): ServiceManager | undefined {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: usec, WATCHDOG_PID: pid } = env;
  if (process.platform !== "linux" || socket === undefined || socket === "") return undefined;
  const ours = pid === undefined || pid === "" || pid === String(process.pid);
  const watchdogMs = Number(usec ?? 0) / 1000;
  return { socket, watchdogMs: ours && watchdogMs > 0 ? watchdogMs : undefined };
}

/** The environment of a process that this one starts: its own, and `more`. */
export function childEnvironment(more: Record<string, string>): Record<string, string | undefined> {
  return { ...process.env, ...more };
}

/** What a process that this one starts is told of the settings: all but the token of this process. */
export function childSettings({ token: _secret, ...others }: Settings): Omit<Settings, "token"> {
  return others;
}

/** Runs in an automation (`CI` is set) that may look like a terminal but has nobody to answer questions. */
export function isUnattended(env: Record<string, string | undefined> = process.env): boolean {
  return !["", "0", "false", undefined].includes(env.CI);
}

/** Whether a terminal may be sent colours (no-color.org, and terminals that have none). */
export function allowsColor(env: Record<string, string | undefined> = process.env): boolean {
  return (env.NO_COLOR ?? "") === "" && env.TERM !== "dumb";
}

/** The language that a person reads, by the environment (setlocale(3)): Korean, else English. */
export function preferredLanguage(env: Record<string, string | undefined> = process.env): "en" | "ko" {
  const locale = env.LC_ALL || env.LC_MESSAGES || env.LANG || "";
  return /^ko(?![a-z])/i.test(locale) ? "ko" : "en";
}

/** A size as written in settings (`2GB`, `512MiB`) in bytes. */
export function parseSize(text: string): number {
  const match = /^([\d.]+)\s*([KMGT]?)(i?)B$/.exec(text);
  if (!match) throw new AppError("usage", `${JSON.stringify(text)} is not a size; write for example 512MB`);
  const power = ["", "K", "M", "G", "T"].indexOf(match[2] ?? "");
  return Math.round(Number(match[1]) * (match[3] ? 1024 : 1000) ** power);
}

type Tree = { [key: string]: unknown };

/** What a level says of the lake, after the whole was checked: where it names one, no nearer level did. */
function nameOf({ lake, server }: Tree): NamedLake {
  return {
    lake: (lake ?? undefined) as string | undefined,
    server: (server ?? undefined) as string | undefined,
  };
}

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
        `cannot read the config file ${path}; check that it exists and is readable`,
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

/** Several values of these stand in one variable, with commas between. */
const LISTS = ["serve.allowed_hosts", "serve.trusted_proxies"];

const PATH_SETTINGS = [
  "lake",
  "cache",
  "scratch",
  "serve.tokens",
  "serve.token_file",
  "serve.tls_cert",
  "serve.tls_key",
  ...ENGINE_PATHS,
];

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

function schemaOf(settingPath: string): v.GenericSchema {
  const [outer = "", inner] = settingPath.split(".");
  const schema = (SettingsSchema.entries as Record<string, v.GenericSchema>)[outer];
  const found = inner === undefined ? schema : (innerEntries(schema)?.[inner] as v.GenericSchema | undefined);
  return found ?? v.never();
}

function innerEntries(schema: unknown): Record<string, unknown> | undefined {
  const wrapped = (schema as { wrapped?: { entries?: Record<string, unknown> } }).wrapped;
  return wrapped?.entries;
}

function coerce(path: string, text: string): unknown {
  if (checkValue(schemaOf(path), text).success) return text;
  if (LISTS.includes(path)) return text.split(",").map((item) => item.trim());
  if (text === "true" || text === "false") return text === "true";
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : text;
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
